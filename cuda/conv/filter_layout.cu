#include <algorithm>

#include "cuda/conv/filter_layout.h"
#include "cuda/runtime/launch.h"
#include "cuda/runtime/number.h"

namespace plastic::cuda {
namespace {

/// Numbers of one filter that a block holds: whole channels with all their taps.
constexpr unsigned tile_size = 2048;

unsigned taps_of(const Conv2dShape& shape) {
  return static_cast<unsigned>(shape.kernel_height * shape.kernel_width);
}
unsigned channels_of(const Conv2dShape& shape) {
  return static_cast<unsigned>(shape.in_channels / shape.groups);
}

/// Between (filters, channels, taps) and (filters, taps, channels), a tile a block. Both sides are
/// read and written in runs; what is strided happens in shared memory.
template <class T, bool to_last>
__global__ void convert(unsigned channels, unsigned taps, unsigned tile_channels, unsigned tiles,
                        const T* in, T* out) {
  __shared__ T tile[tile_size];
  const std::size_t filter = static_cast<std::size_t>(blockIdx.x / tiles) * channels * taps;
  const unsigned first = blockIdx.x % tiles * tile_channels;
  const unsigned width = channels - first < tile_channels ? channels - first : tile_channels;
  const T* from = in + filter;
  T* to = out + filter;
  // The tile is stored as channels with their taps; `rest` counts through the other layout.
  for (unsigned i = threadIdx.x; i < width * taps; i += blockDim.x) {
    const unsigned rest = i % width * taps + i / width;
    if (to_last) {
      tile[i] = from[static_cast<std::size_t>(first) * taps + i];
    } else {
      tile[rest] = from[static_cast<std::size_t>(i / width) * channels + first + i % width];
    }
  }
  __syncthreads();
  for (unsigned i = threadIdx.x; i < width * taps; i += blockDim.x) {
    const unsigned rest = i % width * taps + i / width;
    if (to_last) {
      to[static_cast<std::size_t>(i / width) * channels + first + i % width] = tile[rest];
    } else {
      to[static_cast<std::size_t>(first) * taps + i] = tile[i];
    }
  }
}

template <bool to_last>
void launch_convert(Context& context, const Conv2dShape& shape, const void* in, void* out) {
  const unsigned channels = channels_of(shape);
  const unsigned taps = taps_of(shape);
  const unsigned tile_channels = std::min(tile_size / taps, channels);
  const unsigned tiles = (channels + tile_channels - 1) / tile_channels;
  const Grid grid{.blocks = dim3(static_cast<unsigned>(shape.out_channels) * tiles)};
  with_real(shape.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(context, "conv2d filters", convert<T, to_last>, grid, channels, taps, tile_channels,
           tiles, static_cast<const T*>(in), static_cast<T*>(out));
  });
}

}  // namespace

bool filters_differ(const Conv2dShape& shape) {
  return shape.kernel_height * shape.kernel_width > 1 && shape.in_channels > shape.groups;
}

bool can_convert_filters(const Conv2dShape& shape) {
  return shape.kernel_height * shape.kernel_width <= tile_size;
}

void filters_to_channels_last(Context& context, const Conv2dShape& shape, const void* weight,
                              void* filters) {
  launch_convert<true>(context, shape, weight, filters);
}

void filters_from_channels_last(Context& context, const Conv2dShape& shape, const void* filters,
                                void* weight) {
  launch_convert<false>(context, shape, filters, weight);
}

}  // namespace plastic::cuda

// Max pooling. Each pixel of the input collects its gradient from the windows that chose it, so
// that threads never meet.
#include <cstdint>

#include "cuda/conv/image_grid.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/number.h"
#include "cuda/runtime/pack.h"

namespace plastic::cuda {
namespace {

template <class T, class Offset, unsigned width>
__global__ void __launch_bounds__(block_threads)
    choose_largest(MaxPool2dShape s, std::int64_t packs, const T* x, Offset* offsets, T* y) {
  using In = Pack<T, width>;
  const std::int64_t pack = own_column();
  if (pack >= s.out_width * packs) return;
  const std::int64_t out_column = pack / packs;
  const std::int64_t left = out_column * s.stride[1] - s.padding[1];
  const std::int64_t first_column = left < 0 ? 0 : left;
  const std::int64_t last_column =
      left + s.kernel[1] < s.in_width ? left + s.kernel[1] : s.in_width;
  for_each_image_row(s.batch * s.out_height, [&](std::int64_t out_row) {
    const std::int64_t top = out_row % s.out_height * s.stride[0] - s.padding[0];
    const std::int64_t first_row = top < 0 ? 0 : top;
    const std::int64_t last_row = top + s.kernel[0] < s.in_height ? top + s.kernel[0] : s.in_height;
    const In* image = reinterpret_cast<const In*>(x) +
                      out_row / s.out_height * s.in_height * s.in_width * packs + pack % packs;
    const auto first_place =
        static_cast<Offset>((first_row - top) * s.kernel[1] + first_column - left);
    const In first = image[(first_row * s.in_width + first_column) * packs];
    computed<T> best[width];
    Offset places[width];
    for (unsigned j = 0; j < width; ++j) {
      best[j] = widen(first.values[j]);
      places[j] = first_place;
    }
    for (std::int64_t row = first_row; row < last_row; ++row) {
      for (std::int64_t column = first_column; column < last_column; ++column) {
        const In from = image[(row * s.in_width + column) * packs];
        const auto place = static_cast<Offset>((row - top) * s.kernel[1] + column - left);
        for (unsigned j = 0; j < width; ++j) {
          const computed<T> value = widen(from.values[j]);
          // NaN wins.
          if (value > best[j] || value != value) {
            best[j] = value;
            places[j] = place;
          }
        }
      }
    }
    Pack<T, width> result;
    Pack<Offset, width> result_places;
    for (unsigned j = 0; j < width; ++j) {
      result.values[j] = narrow<T>(best[j]);
      result_places.values[j] = places[j];
    }
    const std::int64_t at = out_row * s.out_width * packs + pack;
    reinterpret_cast<Pack<T, width>*>(y)[at] = result;
    reinterpret_cast<Pack<Offset, width>*>(offsets)[at] = result_places;
  });
}

/// Windows along one axis that hold a row (or column) of the input.
struct Windows {
  std::int64_t begin, end;
};

__device__ Windows windows_of(std::int64_t at, std::int64_t kernel, std::int64_t stride,
                              std::int64_t padding, std::int64_t count) {
  const std::int64_t padded = at + padding;
  // The first window that ends behind it, and the last one that begins no later.
  const std::int64_t begin = padded < kernel ? 0 : (padded - kernel) / stride + 1;
  const std::int64_t end = padded / stride + 1;
  return {begin, end < count ? end : count};
}

template <class T, class Offset, unsigned width>
__global__ void __launch_bounds__(block_threads)
    gather_gradients(MaxPool2dShape s, std::int64_t packs, const T* grad_y, const Offset* offsets,
                     T* grad_x) {
  const std::int64_t pack = own_column();
  if (pack >= s.in_width * packs) return;
  const std::int64_t in_column = pack / packs;
  const Windows columns =
      windows_of(in_column, s.kernel[1], s.stride[1], s.padding[1], s.out_width);
  for_each_image_row(s.batch * s.in_height, [&](std::int64_t in_row) {
    const std::int64_t image = in_row / s.in_height * s.out_height;
    const std::int64_t row = in_row % s.in_height;
    const Windows rows = windows_of(row, s.kernel[0], s.stride[0], s.padding[0], s.out_height);
    computed<T> sums[width] = {};
    for (std::int64_t out_row = rows.begin; out_row < rows.end; ++out_row) {
      const std::int64_t i = row + s.padding[0] - out_row * s.stride[0];
      for (std::int64_t column = columns.begin; column < columns.end; ++column) {
        const std::int64_t j = in_column + s.padding[1] - column * s.stride[1];
        const auto place = static_cast<Offset>(i * s.kernel[1] + j);
        const std::int64_t at = ((image + out_row) * s.out_width + column) * packs + pack % packs;
        const auto g = reinterpret_cast<const Pack<T, width>*>(grad_y)[at];
        const auto chosen = reinterpret_cast<const Pack<Offset, width>*>(offsets)[at];
        for (unsigned k = 0; k < width; ++k) {
          if (chosen.values[k] == place) sums[k] += widen(g.values[k]);
        }
      }
    }
    Pack<T, width> result;
    for (unsigned k = 0; k < width; ++k) result.values[k] = narrow<T>(sums[k]);
    reinterpret_cast<Pack<T, width>*>(grad_x)[in_row * s.in_width * packs + pack] = result;
  });
}

/// Calls f<T, Offset, width>().
template <class F>
void with_types(const MaxPool2dShape& shape, bool is_aligned, F&& f) {
  with_real(shape.dtype, [&](auto zero) {
    using T = decltype(zero);
    // Windows of more than 256 pixels are rare.
    if (shape.offset_dtype() == DType::i64) return f.template operator()<T, std::int64_t, 1>();
    with_pack_width<T>(is_aligned && shape.channels % pack_width<T> == 0,
                       [&](auto width) { f.template operator()<T, std::uint8_t, width>(); });
  });
}

}  // namespace

void CudaBackend::max_pool2d(const MaxPool2dShape& shape, const void* x, void* offsets, void* y) {
  Context& context = use();
  with_types(shape, are_aligned(x, offsets, y), [&]<class T, class Offset, unsigned width>() {
    const std::int64_t packs = shape.channels / width;
    launch(context, "max_pool2d", choose_largest<T, Offset, width>,
           image_grid(context, shape.batch * shape.out_height, shape.out_width * packs), shape,
           packs, static_cast<const T*>(x), static_cast<Offset*>(offsets), static_cast<T*>(y));
  });
}

void CudaBackend::max_pool2d_grad(const MaxPool2dShape& shape, const void* grad_y,
                                  const void* offsets, void* grad_x) {
  Context& context = use();
  with_types(shape, are_aligned(grad_y, offsets, grad_x),
             [&]<class T, class Offset, unsigned width>() {
               const std::int64_t packs = shape.channels / width;
               launch(context, "max_pool2d_grad", gather_gradients<T, Offset, width>,
                      image_grid(context, shape.batch * shape.in_height, shape.in_width * packs),
                      shape, packs, static_cast<const T*>(grad_y),
                      static_cast<const Offset*>(offsets), static_cast<T*>(grad_x));
             });
}

}  // namespace plastic::cuda

#include "cuda/conv/conv_direct.h"
#include "cuda/reduce/block_sum.h"
#include "cuda/runtime/launch.h"
#include "cuda/runtime/number.h"

namespace plastic::cuda {
namespace {

/// An element of an activation: channels vary fastest.
struct Place {
  std::int64_t image, row, column, channel;
};

__device__ Place place_of(std::int64_t i, std::int64_t height, std::int64_t width,
                          std::int64_t channels) {
  const std::int64_t pixel = i / channels;
  return {.image = pixel / width / height,
          .row = pixel / width % height,
          .column = pixel % width,
          .channel = i % channels};
}

__device__ std::int64_t grid_thread() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ std::int64_t grid_threads() { return static_cast<std::int64_t>(gridDim.x) * blockDim.x; }

/// The output, along one axis, to which an input pixel contributes through a tap; -1 for none.
__device__ std::int64_t output_of(const Conv2dShape& s, int axis, std::int64_t input,
                                  std::int64_t tap, std::int64_t size) {
  const std::int64_t reached = input + s.padding[axis] - tap * s.dilation[axis];
  if (reached < 0 || reached % s.stride[axis] != 0) return -1;
  const std::int64_t output = reached / s.stride[axis];
  return output < size ? output : -1;
}

/// The input pixel that an output reads through a tap, along one axis; perhaps outside.
__device__ std::int64_t input_of(const Conv2dShape& s, int axis, std::int64_t output,
                                 std::int64_t tap) {
  return output * s.stride[axis] + tap * s.dilation[axis] - s.padding[axis];
}

// y[n, p, o] = Σ over channels and taps of x[n, stride·p + dilation·t - padding, c]·w[o, c, t]
template <class T>
__global__ void forward(const Conv2dShape s, const T* x, const T* weight, T* y) {
  const std::int64_t in = s.in_channels / s.groups;
  const std::int64_t out = s.out_channels / s.groups;
  const std::int64_t taps = s.kernel_height * s.kernel_width;
  const std::int64_t count = s.batch * s.out_height * s.out_width * s.out_channels;
  for (std::int64_t i = grid_thread(); i < count; i += grid_threads()) {
    const Place at = place_of(i, s.out_height, s.out_width, s.out_channels);
    const std::int64_t first_channel = at.channel / out * in;
    computed<T> sum = 0;
    for (std::int64_t tap_row = 0; tap_row < s.kernel_height; ++tap_row) {
      const std::int64_t row = input_of(s, 0, at.row, tap_row);
      if (row < 0 || row >= s.in_height) continue;
      for (std::int64_t tap_column = 0; tap_column < s.kernel_width; ++tap_column) {
        const std::int64_t column = input_of(s, 1, at.column, tap_column);
        if (column < 0 || column >= s.in_width) continue;
        const T* pixel = x +
                         ((at.image * s.in_height + row) * s.in_width + column) * s.in_channels +
                         first_channel;
        const T* filter = weight + at.channel * in * taps + tap_row * s.kernel_width + tap_column;
        for (std::int64_t c = 0; c < in; ++c) sum += widen(pixel[c]) * widen(filter[c * taps]);
      }
    }
    y[i] = narrow<T>(sum);
  }
}

// dx[n, q, c] = Σ over taps and outputs p with stride·p + dilation·t - padding = q of dy[n, p, o]·
// w[o, c, t]
template <class T>
__global__ void input_grad(const Conv2dShape s, const T* grad_y, const T* weight, T* grad_x) {
  const std::int64_t in = s.in_channels / s.groups;
  const std::int64_t out = s.out_channels / s.groups;
  const std::int64_t taps = s.kernel_height * s.kernel_width;
  const std::int64_t count = s.batch * s.in_height * s.in_width * s.in_channels;
  for (std::int64_t i = grid_thread(); i < count; i += grid_threads()) {
    const Place at = place_of(i, s.in_height, s.in_width, s.in_channels);
    const std::int64_t first_output = at.channel / in * out;
    computed<T> sum = 0;
    for (std::int64_t tap_row = 0; tap_row < s.kernel_height; ++tap_row) {
      const std::int64_t row = output_of(s, 0, at.row, tap_row, s.out_height);
      if (row < 0) continue;
      for (std::int64_t tap_column = 0; tap_column < s.kernel_width; ++tap_column) {
        const std::int64_t column = output_of(s, 1, at.column, tap_column, s.out_width);
        if (column < 0) continue;
        const T* pixel = grad_y +
                         ((at.image * s.out_height + row) * s.out_width + column) * s.out_channels +
                         first_output;
        const T* filter = weight + (first_output * in + at.channel % in) * taps +
                          tap_row * s.kernel_width + tap_column;
        for (std::int64_t o = 0; o < out; ++o) {
          sum += widen(pixel[o]) * widen(filter[o * in * taps]);
        }
      }
    }
    grad_x[i] = narrow<T>(sum);
  }
}

// dw[o, c, t] = Σ over images and outputs p of dy[n, p, o]·x[n, stride·p + dilation·t - padding,
// c]; a block sums one element.
template <class T, unsigned threads>
__global__ void weight_grad(const Conv2dShape s, const T* x, const T* grad_y, T* grad_weight) {
  const std::int64_t in = s.in_channels / s.groups;
  const std::int64_t out = s.out_channels / s.groups;
  const std::int64_t taps = s.kernel_height * s.kernel_width;
  const std::int64_t pixels = s.batch * s.out_height * s.out_width;
  for (std::int64_t i = blockIdx.x; i < s.out_channels * in * taps; i += gridDim.x) {
    const std::int64_t tap = i % taps;
    const std::int64_t o = i / taps / in;
    const std::int64_t channel = o / out * in + i / taps % in;
    computed<T> sum = 0;
    for (std::int64_t pixel = threadIdx.x; pixel < pixels; pixel += threads) {
      const Place at = place_of(pixel, s.out_height, s.out_width, 1);
      const std::int64_t row = input_of(s, 0, at.row, tap / s.kernel_width);
      const std::int64_t column = input_of(s, 1, at.column, tap % s.kernel_width);
      if (row < 0 || row >= s.in_height || column < 0 || column >= s.in_width) continue;
      const std::int64_t from = (at.image * s.in_height + row) * s.in_width + column;
      sum += widen(x[from * s.in_channels + channel]) * widen(grad_y[pixel * s.out_channels + o]);
    }
    const computed<T> total = block_sum<threads>(sum);
    if (threadIdx.x == 0) grad_weight[i] = narrow<T>(total);
  }
}

}  // namespace

void conv_direct(Context& context, const Conv2dShape& shape, const void* x, const void* weight,
                 void* y) {
  const std::int64_t count = shape.batch * shape.out_height * shape.out_width * shape.out_channels;
  with_real(shape.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(context, "conv2d", forward<T>, grid_for(context, count), shape, static_cast<const T*>(x),
           static_cast<const T*>(weight), static_cast<T*>(y));
  });
}

void conv_direct_input_grad(Context& context, const Conv2dShape& shape, const void* grad_y,
                            const void* weight, void* grad_x) {
  const std::int64_t count = shape.batch * shape.in_height * shape.in_width * shape.in_channels;
  with_real(shape.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(context, "conv2d_input_grad", input_grad<T>, grid_for(context, count), shape,
           static_cast<const T*>(grad_y), static_cast<const T*>(weight), static_cast<T*>(grad_x));
  });
}

void conv_direct_weight_grad(Context& context, const Conv2dShape& shape, const void* x,
                             const void* grad_y, void* grad_weight) {
  const std::int64_t count = shape.out_channels * (shape.in_channels / shape.groups) *
                             shape.kernel_height * shape.kernel_width;
  // One warp where there is little to sum.
  constexpr unsigned warp = 32;
  const bool is_short = shape.batch * shape.out_height * shape.out_width <= 1024;
  Grid grid = grid_for(context, count * block_threads);
  if (is_short) grid.threads = warp;
  with_real(shape.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(context, "conv2d_weight_grad",
           is_short ? weight_grad<T, warp> : weight_grad<T, block_threads>, grid, shape,
           static_cast<const T*>(x), static_cast<const T*>(grad_y), static_cast<T*>(grad_weight));
  });
}

}  // namespace plastic::cuda

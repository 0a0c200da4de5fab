#include "core/cpu/conv/conv_few_pixels.h"

#include <algorithm>

#include "core/cpu/scratch.h"
#include "core/device/backend.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// Numbers of patches below which copying them is not worth a second thread.
constexpr std::int64_t parallel_copy = 1 << 14;

/// The matrix of patches: a row an output pixel, and the columns those of the weights: (channel,
/// tap).
struct Patches {
  explicit Patches(const Conv2dShape& shape)
      : s(shape),
        rows(s.batch * s.out_height * s.out_width),
        taps(s.kernel_height * s.kernel_width),
        columns(s.in_channels * taps) {}

  std::int64_t size() const { return rows * columns; }

  /// Calls run(tap, the first channel of its pixel, counted from the start of x, or -1 outside the
  /// image) for each tap of a row.
  template <class Run>
  void visit(std::int64_t row, Run&& run) const {
    const std::int64_t left = row % s.out_width * s.stride[1] - s.padding[1];
    const std::int64_t top = row / s.out_width % s.out_height * s.stride[0] - s.padding[0];
    const std::int64_t image = row / (s.out_width * s.out_height);
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      const std::int64_t i = top + tap / s.kernel_width * s.dilation[0];
      const std::int64_t j = left + tap % s.kernel_width * s.dilation[1];
      const bool inside = i >= 0 && i < s.in_height && j >= 0 && j < s.in_width;
      run(tap, inside ? ((image * s.in_height + i) * s.in_width + j) * s.in_channels : -1);
    }
  }

  const Conv2dShape& s;
  std::int64_t rows, taps, columns;
};

template <class T>
void copy_patches(const Patches& patches, const T* x, T* to) {
  const std::int64_t channels = patches.s.in_channels;
  parallel_for(0, patches.rows, parallel_copy / patches.columns + 1,
               [&](std::int64_t first, std::int64_t last) {
                 for (std::int64_t row = first; row < last; ++row) {
                   T* line = to + row * patches.columns;
                   patches.visit(row, [&](std::int64_t tap, std::int64_t pixel) {
                     T* place = line + tap;
                     for (std::int64_t c = 0; c < channels; ++c, place += patches.taps) {
                       *place = pixel < 0 ? T{0} : x[pixel + c];
                     }
                   });
                 }
               });
}

/// Adds up the gradients of patches in the pixels that they were copied from. Threads take
/// channels, so that every pixel's sum has one order.
template <class T>
void add_patches(const Patches& patches, const T* from, T* grad_x) {
  const Conv2dShape& s = patches.s;
  const std::int64_t pixels = s.batch * s.in_height * s.in_width;
  const std::int64_t grain = parallel_copy / (patches.rows * patches.taps) + 1;
  parallel_for(0, s.in_channels, std::max<std::int64_t>(grain, 16),
               [&](std::int64_t first, std::int64_t last) {
                 for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
                   T* to = grad_x + pixel * s.in_channels;
                   std::fill(to + first, to + last, T{0});
                 }
                 for (std::int64_t row = 0; row < patches.rows; ++row) {
                   const T* line = from + row * patches.columns;
                   patches.visit(row, [&](std::int64_t tap, std::int64_t pixel) {
                     if (pixel < 0) return;
                     const T* place = line + first * patches.taps + tap;
                     for (std::int64_t c = first; c < last; ++c, place += patches.taps) {
                       grad_x[pixel + c] += *place;
                     }
                   });
                 }
               });
}

template <class T>
void forward(const Conv2dShape& s, const T* x, const T* weight, const T* bias, bool relu, T* y) {
  const Patches patches(s);
  const Scratch<T> copied(patches.size());
  copy_patches(patches, x, copied.data());
  cpu_backend().gemm({.dtype = s.dtype,
                      .m = patches.rows,
                      .n = s.out_channels,
                      .k = patches.columns,
                      .a = copied.data(),
                      .lda = patches.columns,
                      .b = weight,
                      .ldb = patches.columns,
                      .transpose_b = true,
                      .c = y,
                      .ldc = s.out_channels,
                      .bias = bias,
                      .relu = relu});
}

template <class T>
void input_grad(const Conv2dShape& s, const T* grad_y, const T* weight, T* grad_x) {
  const Patches patches(s);
  const Scratch<T> gradients(patches.size());
  cpu_backend().gemm({.dtype = s.dtype,
                      .m = patches.rows,
                      .n = patches.columns,
                      .k = s.out_channels,
                      .a = grad_y,
                      .lda = s.out_channels,
                      .b = weight,
                      .ldb = patches.columns,
                      .c = gradients.data(),
                      .ldc = patches.columns});
  add_patches(patches, gradients.data(), grad_x);
}

template <class T>
void weight_grad(const Conv2dShape& s, const T* x, const T* grad_y, T* grad_weight) {
  const Patches patches(s);
  const Scratch<T> copied(patches.size());
  copy_patches(patches, x, copied.data());
  cpu_backend().gemm({.dtype = s.dtype,
                      .m = s.out_channels,
                      .n = patches.columns,
                      .k = patches.rows,
                      .a = grad_y,
                      .lda = s.out_channels,
                      .transpose_a = true,
                      .b = copied.data(),
                      .ldb = patches.columns,
                      .c = grad_weight,
                      .ldc = patches.columns});
}

}  // namespace

constexpr ConvPasses conv_few_pixels = typed_passes([](const auto&... in) { forward(in...); },
                                                    [](const auto&... in) { input_grad(in...); },
                                                    [](const auto&... in) { weight_grad(in...); });

}  // namespace plastic::cpu

#include "core/cpu/conv/conv_pointwise.h"

#include "core/device/backend.h"

namespace plastic::cpu {
namespace {

std::int64_t pixels(const Conv2dShape& s) { return s.batch * s.in_height * s.in_width; }

void forward(const Conv2dShape& s, const void* x, const void* weight, const void* bias, bool relu,
             void* y) {
  cpu_backend().gemm({.dtype = s.dtype,
                      .m = pixels(s),
                      .n = s.out_channels,
                      .k = s.in_channels,
                      .a = x,
                      .lda = s.in_channels,
                      .b = weight,
                      .ldb = s.in_channels,
                      .transpose_b = true,
                      .c = y,
                      .ldc = s.out_channels,
                      .bias = bias,
                      .relu = relu});
}

void input_grad(const Conv2dShape& s, const void* grad_y, const void* weight, void* grad_x) {
  cpu_backend().gemm({.dtype = s.dtype,
                      .m = pixels(s),
                      .n = s.in_channels,
                      .k = s.out_channels,
                      .a = grad_y,
                      .lda = s.out_channels,
                      .b = weight,
                      .ldb = s.in_channels,
                      .c = grad_x,
                      .ldc = s.in_channels});
}

void weight_grad(const Conv2dShape& s, const void* x, const void* grad_y, void* grad_weight) {
  cpu_backend().gemm({.dtype = s.dtype,
                      .m = s.out_channels,
                      .n = s.in_channels,
                      .k = pixels(s),
                      .a = grad_y,
                      .lda = s.out_channels,
                      .transpose_a = true,
                      .b = x,
                      .ldb = s.in_channels,
                      .c = grad_weight,
                      .ldc = s.in_channels});
}

}  // namespace

bool is_pointwise(const Conv2dShape& s) {
  const auto both = [](const std::int64_t(&pair)[2], std::int64_t value) {
    return pair[0] == value && pair[1] == value;
  };
  return s.kernel_height == 1 && s.kernel_width == 1 && s.groups == 1 && both(s.stride, 1) &&
         both(s.padding, 0);
}

constexpr ConvPasses conv_pointwise = {forward, input_grad, weight_grad};

}  // namespace plastic::cpu

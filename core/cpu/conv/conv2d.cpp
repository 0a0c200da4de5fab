// Which algorithm computes a convolution.
#include <algorithm>

#include "core/check.h"
#include "core/cpu/conv/conv_depthwise.h"
#include "core/cpu/conv/conv_direct.h"
#include "core/cpu/conv/conv_few_pixels.h"
#include "core/cpu/conv/conv_im2row.h"
#include "core/cpu/conv/conv_pointwise.h"
#include "core/cpu/conv/conv_winograd.h"
#include "core/cpu/cpu_backend.h"
#include "plastic/core/conv_algorithm.h"

namespace plastic::cpu {
namespace {

/// One algorithm's three passes.
struct Passes {
  decltype(&conv_direct) forward;
  decltype(&conv_direct_input_grad) input_grad;
  decltype(&conv_direct_weight_grad) weight_grad;
};

constexpr Passes direct{conv_direct, conv_direct_input_grad, conv_direct_weight_grad};
constexpr Passes depthwise{conv_depthwise, conv_depthwise_input_grad, conv_depthwise_weight_grad};
constexpr Passes pointwise{conv_pointwise, conv_pointwise_input_grad, conv_pointwise_weight_grad};
constexpr Passes im2row{conv_im2row, conv_im2row_input_grad, conv_im2row_weight_grad};
constexpr Passes few_pixels{conv_few_pixels, conv_few_pixels_input_grad,
                            conv_few_pixels_weight_grad};
template <int m>
constexpr Passes winograd{conv_winograd<m>, conv_winograd_input_grad<m>,
                          conv_winograd_weight_grad<m>};

enum class Pass { forward, input_grad, weight_grad };

/// Output pixels up to which each pass is fastest where weights stay where they are; with more of
/// them it pays to pack weights or to transform them (bench/conv.cpp at batches from 1 to 16).
constexpr std::int64_t few_pixels_without_winograd[] = {256, 512, 1024};
constexpr std::int64_t few_pixels_with_winograd[] = {128, 128, 32};
/// Output pixels up to which F(2×2), whose transformed kernels are 16/36 as large, beats F(4×4)
/// where kernels are many.
constexpr std::int64_t few_tiles[] = {512, 512, 256};
constexpr std::int64_t many_kernels = std::int64_t{256} * 256;

/// The fastest by measurement (bench/conv.cpp). f64 is for checking gradients: no digits are given
/// away for speed.
Passes fastest(const Conv2dShape& s, Pass pass) {
  // Below that, transforming costs more than the products save, and patches are short.
  constexpr std::int64_t min_channels = 16;
  if (is_depthwise(s)) return depthwise;
  if (is_pointwise(s)) return pointwise;
  const std::int64_t pixels = s.batch * s.out_height * s.out_width;
  const auto has_at_most = [&](const std::int64_t(&of_pass)[3]) {
    return pixels <= of_pass[static_cast<std::size_t>(pass)];
  };
  const bool has_channels = std::min(s.in_channels, s.out_channels) >= min_channels;
  const bool is_one_group = s.groups == 1 && has_channels;
  if (s.dtype == DType::f64 || !winograd_fits(s) || !has_channels) {
    return is_one_group && has_at_most(few_pixels_without_winograd) ? few_pixels : im2row;
  }
  if (has_at_most(few_pixels_with_winograd)) return few_pixels;
  if (std::max(s.out_height, s.out_width) <= 2) return winograd<2>;
  const bool has_few_tiles =
      s.in_channels * s.out_channels >= many_kernels && has_at_most(few_tiles);
  return has_few_tiles ? winograd<2> : winograd<4>;
}

/// The algorithm for a shape. Throws Error when one is forced that cannot do it.
Passes choose(const Conv2dShape& s, Pass pass) {
  const ConvAlgorithm forced = conv_algorithm();
  switch (forced) {
    case ConvAlgorithm::automatic:
      return fastest(s, pass);
    case ConvAlgorithm::direct:
      return direct;
    case ConvAlgorithm::im2row:
      return im2row;
    case ConvAlgorithm::winograd2:
      if (winograd_fits(s)) return winograd<2>;
      break;
    case ConvAlgorithm::winograd4:
      if (winograd_fits(s)) return winograd<4>;
      break;
  }
  fail("conv2d", "the algorithm ", name_of(forced),
       " was requested but does not support a kernel of (", s.kernel_height, ", ", s.kernel_width,
       ") with stride (", s.stride[0], ", ", s.stride[1], "), dilation (", s.dilation[0], ", ",
       s.dilation[1], "), padding (", s.padding[0], ", ", s.padding[1], ") and ", s.groups,
       " groups; set_conv_algorithm(automatic) can");
}

}  // namespace

void CpuBackend::conv2d(const Conv2dShape& shape, const void* x, const void* weight,
                        const void* bias, bool relu, void* y) {
  choose(shape, Pass::forward).forward(shape, x, weight, bias, relu, y);
}

void CpuBackend::conv2d_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                                   void* grad_x) {
  choose(shape, Pass::input_grad).input_grad(shape, grad_y, weight, grad_x);
}

void CpuBackend::conv2d_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                                    void* grad_weight) {
  choose(shape, Pass::weight_grad).weight_grad(shape, x, grad_y, grad_weight);
}

}  // namespace plastic::cpu

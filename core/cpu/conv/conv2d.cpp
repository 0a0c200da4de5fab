// Which algorithm computes a convolution.
#include <algorithm>
#include <cstddef>

#include "core/check.h"
#include "core/cpu/conv/conv_depthwise.h"
#include "core/cpu/conv/conv_direct.h"
#include "core/cpu/conv/conv_few_pixels.h"
#include "core/cpu/conv/conv_im2row.h"
#include "core/cpu/conv/conv_pointwise.h"
#include "core/cpu/conv/conv_winograd.h"
#include "core/cpu/cpu_backend.h"
#include "core/tensor/constant_weight.h"
#include "plastic/core/conv_algorithm.h"
#include "plastic/core/device.h"

namespace plastic::cpu {
namespace {

enum class Pass { forward, input_grad, weight_grad };

/// Numbers of output pixels that decide, by measurement (bench/conv.cpp at batches from 1 to 64).
struct Limits {
  /// Up to which it is fastest to leave weights where they are: with more of them it pays to pack
  /// weights, or to transform them for Winograd.
  std::int64_t few_to_pack, few_to_transform;
  /// Up to which F(2×2), whose transformed kernels are 16/36 as large, beats F(4×4) where kernels
  /// are many.
  std::int64_t few_to_transform_more;
};

constexpr Limits limits[] = {{256, 128, 512}, {512, 128, 512}, {1024, 32, 256}};
/// For weights that are packed or transformed once.
constexpr Limits limits_of_kept_weights = {64, 32, 256};

constexpr std::int64_t many_kernels = std::int64_t{256} * 256;

/// Images from which on whole images can be shared out evenly.
constexpr std::int64_t images_per_thread = 8;

/// The fastest. f64 is for checking gradients: no digits are given away for speed.
const ConvPasses& fastest(const Conv2dShape& s, Pass pass, bool is_weight_kept) {
  if (is_depthwise(s)) return conv_depthwise;
  if (is_pointwise(s)) return conv_pointwise;
  const Limits& limit =
      is_weight_kept ? limits_of_kept_weights : limits[static_cast<std::size_t>(pass)];
  const std::int64_t pixels = s.batch * s.out_height * s.out_width;
  const bool has_long_patches = s.groups == 1 && std::min(s.in_channels, s.out_channels) >= 16;
  if (s.dtype == DType::f64 || !winograd_fits(s) || !has_channels_for_winograd(s)) {
    return has_long_patches && pixels <= limit.few_to_pack ? conv_few_pixels : conv_im2row;
  }
  if (has_long_patches && pixels <= limit.few_to_transform) return conv_few_pixels;
  if (std::max(s.out_height, s.out_width) <= 2) return conv_winograd2;
  const bool has_many_kernels = s.in_channels * s.out_channels >= many_kernels;
  return has_many_kernels && pixels <= limit.few_to_transform_more ? conv_winograd2
                                                                   : conv_winograd4;
}

/// The algorithm for a shape. Throws Error when one is forced that cannot do it.
const ConvPasses& choose(const Conv2dShape& s, Pass pass, bool is_weight_kept = false) {
  const ConvAlgorithm forced = conv_algorithm();
  switch (forced) {
    case ConvAlgorithm::automatic:
      return fastest(s, pass, is_weight_kept);
    case ConvAlgorithm::direct:
      return conv_direct;
    case ConvAlgorithm::im2row:
      return conv_im2row;
    case ConvAlgorithm::winograd2:
      if (winograd_fits(s)) return conv_winograd2;
      break;
    case ConvAlgorithm::winograd4:
      if (winograd_fits(s)) return conv_winograd4;
      break;
  }
  fail("conv2d", "the algorithm ", name_of(forced),
       " was requested but does not support a kernel of (", s.kernel_height, ", ", s.kernel_width,
       ") with stride (", s.stride[0], ", ", s.stride[1], "), dilation (", s.dilation[0], ", ",
       s.dilation[1], "), padding (", s.padding[0], ", ", s.padding[1], ") and ", s.groups,
       " groups; set_conv_algorithm(automatic) can");
}

/// Which algorithm computes a weight that is being trained does not depend on whether there are
/// other parts of its batch for which its form can be kept.
bool is_lasting(const void* weight) {
  const ConstantWeight* constant = ConstantWeight::at(weight);
  return constant != nullptr && constant->is_lasting();
}

}  // namespace

void CpuBackend::conv2d(const Conv2dShape& shape, const void* x, const void* weight,
                        const void* bias, bool relu, void* y) {
  choose(shape, Pass::forward, is_lasting(weight)).forward(shape, x, weight, bias, relu, y);
}

void CpuBackend::conv2d_max_pool2d(const Conv2dShape& shape, const void* x, const void* weight,
                                   const void* bias, bool relu, const MaxPool2dShape& pool,
                                   void* offsets, void* y) {
  const ConvPasses& passes = choose(shape, Pass::forward, is_lasting(weight));
  if (passes.forward_by_images == nullptr || shape.batch < images_per_thread * num_threads()) {
    return Backend::conv2d_max_pool2d(shape, x, weight, bias, relu, pool, offsets, y);
  }
  const std::int64_t each = pool.y_size() / pool.batch;
  const auto at = [each](void* all, DType dtype, std::int64_t image) {
    return static_cast<std::byte*>(all) + image * each * static_cast<std::int64_t>(size_of(dtype));
  };
  passes.forward_by_images(shape, x, weight, bias, relu,
                           [&](std::int64_t first, std::int64_t count, const void* images) {
                             MaxPool2dShape some = pool;
                             some.batch = count;
                             max_pool2d(some, images, at(offsets, pool.offset_dtype(), first),
                                        at(y, pool.dtype, first));
                           });
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

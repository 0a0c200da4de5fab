#include "plastic/core/ops/conv2d.h"

#include <optional>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/device/conv2d_shape.h"
#include "core/ops/conv2d_weight_gradient.h"
#include "core/ops/mixed_precision.h"
#include "core/ops/pool2d.h"
#include "core/tensor/constant_weight.h"
#include "core/tensor/layout.h"
#include "core/tensor/sizes.h"
#include "plastic/core/ops/pool.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {
namespace {

void check_options(const Conv2dOptions& options) {
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    if (options.stride[i] < 1 || options.dilation[i] < 1 || options.padding[i] < 0) {
      fail("conv2d", "needs stride >= 1, dilation >= 1 and padding >= 0, got ", options.stride[i],
           ", ", options.dilation[i], " and ", options.padding[i]);
    }
  }
  if (options.groups < 1) fail("conv2d", "needs groups >= 1, got ", options.groups);
}

void check_shapes(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t groups) {
  if (x.rank() != 4 || weight.rank() != 4) {
    fail("conv2d", "needs x (N, C, H, W) and weight (O, C / groups, kH, kW), got ",
         to_string(x.shape()), " and ", to_string(weight.shape()));
  }
  if (x.size(1) / groups != weight.size(1) || x.size(1) % groups != 0 ||
      weight.size(0) % groups != 0 || weight.numel() == 0 || x.size(2) == 0 || x.size(3) == 0) {
    fail("conv2d", "input ", to_string(x.shape()), " does not fit weight ",
         to_string(weight.shape()), " with groups = ", groups,
         "; needs (N, C, H, W) and (O, C / groups, kH, kW), O a multiple of groups and no size but "
         "N "
         "of 0");
  }
  if (!bias.defined()) return;
  check_same_kind("conv2d", weight, bias);
  if (bias.shape() != Shape{weight.size(0)}) {
    fail("conv2d", "bias ", to_string(bias.shape()), " does not fit weight ",
         to_string(weight.shape()), "; needs (", weight.size(0), ",)");
  }
}

std::int64_t output_size(const Tensor& x, const Tensor& weight, const Conv2dOptions& options,
                         std::size_t axis) {
  constexpr const char* op = "conv2d";
  const std::int64_t padding = options.padding[axis];
  const std::int64_t reach = checked_add(
      op, checked_multiply(op, options.dilation[axis], weight.shape()[axis + 2] - 1), 1);
  const std::int64_t padded =
      checked_add(op, x.shape()[axis + 2], checked_multiply(op, 2, padding));
  // Kernels count a step beyond the last place.
  checked_add(op, checked_add(op, padded, options.stride[axis]), reach);
  const std::int64_t room = padded - reach;
  if (room < 0) {
    fail("conv2d", "the kernel of weight ", to_string(weight.shape()), " with dilation ",
         options.dilation[axis], " reaches over the input ", to_string(x.shape()), " with padding ",
         options.padding[axis]);
  }
  return room / options.stride[axis] + 1;
}

Conv2dShape shape_of(const Tensor& x, const Tensor& weight, const Conv2dOptions& options) {
  return {.dtype = x.dtype(),
          .batch = x.size(0),
          .in_channels = x.size(1),
          .in_height = x.size(2),
          .in_width = x.size(3),
          .out_channels = weight.size(0),
          .out_height = output_size(x, weight, options, 0),
          .out_width = output_size(x, weight, options, 1),
          .kernel_height = weight.size(2),
          .kernel_width = weight.size(3),
          .stride = {options.stride[0], options.stride[1]},
          .padding = {options.padding[0], options.padding[1]},
          .dilation = {options.dilation[0], options.dilation[1]},
          .groups = options.groups};
}

Tensor input_gradient(const Conv2dShape& shape, const Tensor& g, const Tensor& weight,
                      bool is_weight_trained, const Shape& x_shape) {
  Tensor out = empty_channels_last(x_shape, options_of(g));
  if (out.numel() == 0) return out;
  const Tensor dense = weight.contiguous();
  const ConstantWeight constant(dense, is_weight_trained);
  backend(g.device()).conv2d_input_grad(shape, memory(g), memory(dense), memory(out));
  return out;
}

/// A gradient and, where it is needed, its sum over all but the channels.
struct GradientAndSum {
  Tensor g, sum;
};

/// The gradient before ReLU from that of its result, channels-last.
GradientAndSum before_relu(const Tensor& y, const Tensor& grad, bool needs_sum) {
  const Tensor dense = channels_last(grad);
  Tensor out = empty_channels_last(grad.shape(), options_of(grad));
  if (out.numel() == 0) {
    return {out, needs_sum ? Tensor::zeros({grad.size(1)}, options_of(grad)) : Tensor()};
  }
  Tensor total = needs_sum ? Tensor::empty({grad.size(1)}, options_of(grad)) : Tensor();
  backend(grad.device())
      .relu_grad({.dtype = grad.dtype(),
                  .rows = grad.numel() / grad.size(1),
                  .channels = grad.size(1),
                  .result = memory(y),
                  .grad = memory(dense),
                  .out = memory(out),
                  .sums = memory(total)});
  return {out, total};
}

/// What a convolution does with its sums, and what their gradient needs of it.
struct Following {
  /// The result of ReLU, or nothing without ReLU; with pooling, the pooled result: what ReLU holds
  /// back is the same for all windows that chose a pixel, and each window has chosen one, so that
  /// neither the gradient before ReLU nor its sum depends on which of the two is undone first.
  std::optional<Saved> rectified;
  std::optional<MaxPool2dShape> pool;
  /// Undefined without pooling.
  Tensor offsets;

  GradientAndSum undo(const Tensor& grad, bool needs_sum) const {
    GradientAndSum before = rectified ? before_relu(rectified->get(), grad, needs_sum)
                                      : GradientAndSum{channels_last(grad), {}};
    if (needs_sum && !before.sum.defined()) before.sum = sum(before.g, {0, 2, 3});
    if (pool) before.g = max_pool_gradient(*pool, before.g, offsets);
    return before;
  }
};

}  // namespace

// y[n, o, p] = Σ over channels and taps of x[n, c, stride·p + dilation·t - padding]·w[o, c, t] +
// b[o]. dx sums dy·w over the outputs that a pixel went into, dw sums dy·x over images and
// positions, db sums dy.
Tensor conv2d(const Tensor& input, const Tensor& filter, const Tensor& offset,
              const Conv2dOptions& options) {
  if (options.max_pool && options.max_pool->dilation != std::array<std::int64_t, 2>{1, 1}) {
    Conv2dOptions alone = options;
    alone.max_pool.reset();
    return max_pool2d(conv2d(input, filter, offset, alone), *options.max_pool);
  }
  const Tensor x = for_product(input);
  const Tensor weight = for_product(filter);
  const Tensor bias = for_product(offset);
  check_same_kind("conv2d", x, weight);
  check_floating("conv2d", x);
  check_options(options);
  check_shapes(x, weight, bias, options.groups);
  const Conv2dShape shape = shape_of(x, weight, options);
  const Tensor dense = channels_last(x);
  const bool relu = options.activation == Activation::relu;
  const Shape images = {shape.batch, shape.out_channels, shape.out_height, shape.out_width};
  Following following;
  Tensor y;
  if (options.max_pool) {
    following.pool = max_pool_shape(x.dtype(), images, *options.max_pool);
    const MaxPooled pooled(*following.pool, x.device());
    y = pooled.y;
    following.offsets = pooled.offsets;
  } else {
    y = empty_channels_last(images, options_of(x));
  }
  if (y.numel() > 0) {
    const Tensor weights = weight.detach().contiguous();
    const Tensor biases = bias.defined() ? bias.detach().contiguous() : bias;
    Backend& device = backend(x.device());
    if (following.pool) {
      device.conv2d_max_pool2d(shape, memory(dense), memory(weights), memory(biases), relu,
                               *following.pool, memory(following.offsets), memory(y));
    } else {
      device.conv2d(shape, memory(dense), memory(weights), memory(biases), relu, memory(y));
    }
  }
  if (relu) following.rectified.emplace("conv2d", y);
  return record(
      "conv2d", y, {x, weight, bias},
      [shape, sx = Saved("conv2d", dense), sw = Saved("conv2d", weight), following](
          const Tensor& grad, const Inputs& in) -> Gradients {
        const auto [g, total] = following.undo(grad, in.needs(2));
        return {
            in.needs(0) ? input_gradient(shape, g, sw.get(), in.needs(1), sx.shape()) : Tensor(),
            in.needs(1) ? conv2d_weight_gradient(shape, sx.get(), g, sw.shape(), in) : Tensor(),
            total};
      });
}

}  // namespace plastic

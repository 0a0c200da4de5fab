#include "plastic/core/ops/conv_transpose2d.h"

#include <algorithm>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/device/conv2d_shape.h"
#include "core/ops/conv2d_weight_gradient.h"
#include "core/ops/mixed_precision.h"
#include "core/tensor/layout.h"
#include "core/tensor/sizes.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/pad.h"

namespace plastic {
namespace {

constexpr const char* op = "conv_transpose2d";

void check_options(const ConvTranspose2dOptions& options) {
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    if (options.stride[i] < 1 || options.dilation[i] < 1 || options.padding[i] < 0) {
      fail(op, "needs stride >= 1, dilation >= 1 and padding >= 0, got ", options.stride[i], ", ",
           options.dilation[i], " and ", options.padding[i]);
    }
    if (options.output_padding[i] < 0 ||
        options.output_padding[i] >= std::max(options.stride[i], options.dilation[i])) {
      fail(op, "output_padding is ", options.output_padding[i],
           "; it must be at least 0 and below the stride ", options.stride[i], " or the dilation ",
           options.dilation[i]);
    }
  }
  if (options.groups < 1) fail(op, "needs groups >= 1, got ", options.groups);
}

void check_shapes(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t groups) {
  if (x.rank() != 4 || weight.rank() != 4 || x.size(1) != weight.size(0) ||
      x.size(1) % groups != 0 || weight.numel() == 0 || x.size(2) == 0 || x.size(3) == 0) {
    fail(op, "input ", to_string(x.shape()), " does not fit weight ", to_string(weight.shape()),
         " with groups = ", groups,
         "; needs (N, C, H, W) and (C, O / groups, kH, kW), C a multiple of groups and no size but "
         "N of 0");
  }
  const std::int64_t channels = checked_multiply(op, weight.size(1), groups);
  if (!bias.defined()) return;
  check_same_kind(op, weight, bias);
  if (bias.shape() != Shape{channels}) {
    fail(op, "bias ", to_string(bias.shape()), " does not fit weight ", to_string(weight.shape()),
         " with groups = ", groups, "; needs (", channels, ",)");
  }
}

/// One axis of the convolution whose transpose is computed, and what is done to the result then.
struct Axis {
  std::int64_t size, padding;
  /// Amounts for pad().
  std::int64_t before = 0, after = 0;
};

/// A convolution gives its input's last rows no output only where they are fewer than a stride.
/// More of them are added to the whole result.
Axis axis_of(const Tensor& x, const Tensor& weight, const ConvTranspose2dOptions& options,
             std::size_t i) {
  const std::int64_t stride = options.stride[i];
  const std::int64_t padding = options.padding[i];
  const std::int64_t extra = options.output_padding[i];
  const std::int64_t reach = checked_multiply(op, options.dilation[i], weight.shape()[i + 2] - 1);
  const std::int64_t whole = checked_add(
      op, checked_add(op, checked_multiply(op, x.shape()[i + 2] - 1, stride), reach), 1);
  // Kernels count a step beyond the last place.
  checked_add(op, checked_add(op, whole, stride), checked_multiply(op, 2, padding));
  const std::int64_t size = whole - 2 * padding + extra;
  if (size < 1) {
    fail(op, "padding ", padding, " leaves nothing of the result of input ", to_string(x.shape()),
         " and weight ", to_string(weight.shape()));
  }
  if (extra < stride) return {.size = size, .padding = padding};
  return {.size = whole, .padding = 0, .before = -padding, .after = extra - padding};
}

Tensor input_gradient(const Conv2dShape& shape, const Tensor& g, const Tensor& weight,
                      const Shape& x_shape) {
  Tensor out = empty_channels_last(x_shape, options_of(g));
  if (out.numel() == 0) return out;
  const Tensor dense = weight.contiguous();
  backend(g.device()).conv2d(shape, memory(g), memory(dense), nullptr, /*relu=*/false, memory(out));
  return out;
}

/// `shape` is that of the convolution: its input is the result here.
Tensor transposed(const Conv2dShape& shape, const Tensor& x, const Tensor& weight) {
  const Tensor dense = channels_last(x);
  const Tensor y = empty_channels_last(
      {shape.batch, shape.in_channels, shape.in_height, shape.in_width}, options_of(x));
  if (y.numel() > 0) {
    const Tensor weights = weight.detach().contiguous();
    backend(x.device()).conv2d_input_grad(shape, memory(dense), memory(weights), memory(y));
  }
  return record(op, y, {x, weight},
                [shape, sx = Saved(op, dense), sw = Saved(op, weight)](
                    const Tensor& grad, const Inputs& in) -> Gradients {
                  const Tensor g = channels_last(grad);
                  return {in.needs(0) ? input_gradient(shape, g, sw.get(), sx.shape()) : Tensor(),
                          in.needs(1) ? conv2d_weight_gradient(shape, g, sx.get(), sw.shape(), in)
                                      : Tensor()};
                });
}

}  // namespace

// y[n, o, p] = Σ over channels, and over places q and taps t with p = stride·q + dilation·t -
// padding, of x[n, c, q]·w[c, o, t], + b[o]. dx is the convolution of dy, dw that of
// conv2d() with x and dy exchanged.
Tensor conv_transpose2d(const Tensor& input, const Tensor& filter, const Tensor& offset,
                        const ConvTranspose2dOptions& options) {
  const Tensor x = for_product(input);
  const Tensor weight = for_product(filter);
  const Tensor bias = for_product(offset);
  check_same_kind(op, x, weight);
  check_floating(op, x);
  check_options(options);
  check_shapes(x, weight, bias, options.groups);
  const Axis rows = axis_of(x, weight, options, 0);
  const Axis columns = axis_of(x, weight, options, 1);
  const Conv2dShape shape{.dtype = x.dtype(),
                          .batch = x.size(0),
                          .in_channels = weight.size(1) * options.groups,
                          .in_height = rows.size,
                          .in_width = columns.size,
                          .out_channels = x.size(1),
                          .out_height = x.size(2),
                          .out_width = x.size(3),
                          .kernel_height = weight.size(2),
                          .kernel_width = weight.size(3),
                          .stride = {options.stride[0], options.stride[1]},
                          .padding = {rows.padding, columns.padding},
                          .dilation = {options.dilation[0], options.dilation[1]},
                          .groups = options.groups};
  Tensor y = transposed(shape, x, weight);
  const std::int64_t amounts[] = {columns.before, columns.after, rows.before, rows.after};
  if (std::any_of(amounts, amounts + 4, [](std::int64_t amount) { return amount != 0; })) {
    y = pad(y, amounts);
  }
  return bias.defined() ? add(y, bias.reshape({1, -1, 1, 1})) : y;
}

}  // namespace plastic

#include "plastic/nn/rms_norm.h"

#include <limits>

#include "core/autograd/graph.h"
#include "core/ops/axis.h"
#include "core/ops/mixed_precision.h"
#include "core/ops/wide_sums.h"
#include "nn/normalized.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"

namespace plastic::nn {
namespace {

// With r = 1/√(mean x² + eps) and y = x·r: dx = r·(g - y·mean(g·y)). The mean square is f64's, as
// in normalized().
Tensor scaled(const Tensor& x, const Shape& axes, double eps) {
  const Shape kept = reduced_shape("RMSNorm", x, axes);
  const Tensor squares =
      reduced(Reduction::sum_of_squares, x, kept, DType::f64, reduced_count(x, kept));
  const Tensor scale = rsqrt(add(squares, eps)).to(x.dtype());
  const Tensor y = mul(x.detach(), scale);
  return record(
      "RMSNorm", y, {x},
      [axes, scale, saved = Saved("RMSNorm", y)](const Tensor& g, const Inputs&) -> Gradients {
        const Tensor& out = saved.get();
        return {mul(sub(g, mul(out, mean(mul(g, out), axes, /*keepdim=*/true))), scale)};
      });
}

double least_eps(DType dtype) {
  return dtype == DType::f64 ? std::numeric_limits<double>::epsilon()
                             : std::numeric_limits<float>::epsilon();
}

}  // namespace

RMSNorm::RMSNorm(const Shape& shape, const RMSNormOptions& options)
    : ExactLayer(LayerKind::rms_norm),
      shape_(shape),
      axes_(last_axes("RMSNorm", shape)),
      eps_(options.eps) {
  if (eps_) check_eps("RMSNorm", *eps_);
  if (options.affine) weight = register_parameter("weight", Tensor::ones(shape));
}

Tensor RMSNorm::forward(const Tensor& x) {
  check_last_axes("RMSNorm", x, shape_);
  const Tensor wide = widened("RMSNorm", x);
  const Tensor y = scaled(wide, axes_, eps_.value_or(least_eps(wide.dtype())));
  return weight.defined() ? mul(y, weight) : y;
}

// x / √(mean x² + eps): opset 17 has no RMSNormalization.
OnnxValue RMSNorm::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::rms_norm, "RMSNorm");
  const Tensor eps =
      Tensor::full({}, eps_.value_or(least_eps(graph.dtype())), {.dtype = graph.dtype()});
  std::vector<std::int64_t> axes;
  for (std::size_t i = shape_.rank(); i > 0; --i) axes.push_back(-static_cast<std::int64_t>(i));
  const OnnxValue squares = graph.add("ReduceMean", {graph.add("Mul", {x, x})}, {{"axes", axes}});
  const OnnxValue root = graph.add("Sqrt", {graph.add("Add", {squares, graph.weight(eps)})});
  return scaled_and_shifted(graph, graph.add("Div", {x, root}), weight, {});
}

}  // namespace plastic::nn

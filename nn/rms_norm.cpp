#include "plastic/nn/rms_norm.h"

#include <limits>

#include "core/autograd/graph.h"
#include "core/ops/axis.h"
#include "core/ops/mixed_precision.h"
#include "core/ops/wide_sums.h"
#include "nn/normalized.h"
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

}  // namespace

RMSNorm::RMSNorm(const Shape& shape, const RMSNormOptions& options)
    : shape_(shape), axes_(last_axes("RMSNorm", shape)), eps_(options.eps) {
  if (eps_) check_eps("RMSNorm", *eps_);
  if (options.affine) weight = register_parameter("weight", Tensor::ones(shape));
}

Tensor RMSNorm::forward(const Tensor& x) {
  check_last_axes("RMSNorm", x, shape_);
  const Tensor wide = widened("RMSNorm", x);
  const double least = wide.dtype() == DType::f64 ? std::numeric_limits<double>::epsilon()
                                                  : std::numeric_limits<float>::epsilon();
  const Tensor y = scaled(wide, axes_, eps_.value_or(least));
  return weight.defined() ? mul(y, weight) : y;
}

}  // namespace plastic::nn

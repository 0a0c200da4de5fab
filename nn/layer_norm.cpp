#include "plastic/nn/layer_norm.h"

#include <algorithm>
#include <cmath>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/ops/axis.h"
#include "core/ops/mixed_precision.h"
#include "core/ops/wide_sums.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"

namespace plastic::nn {
namespace {

// With r = 1/√(var + eps) and y = (x - mean)·r: dx = r·(g - mean(g) - y·mean(g·y)). The variance is
// f64's: squares of f32 may leave its range where y does not.
Tensor normalized(const Tensor& x, const Shape& axes, double eps) {
  const Shape kept = reduced_shape("LayerNorm", x, axes);
  const Centred deviations = centred(x, kept);
  const Tensor scale =
      rsqrt(add(mean_square(deviations, reduced_count(x, kept)), eps)).to(x.dtype());
  const Tensor y = mul(sub(deviations.values, deviations.rest.to(x.dtype())), scale);
  return record(
      "LayerNorm", y, {x},
      [axes, scale, saved = Saved("LayerNorm", y)](const Tensor& g, const Inputs&) -> Gradients {
        const Tensor& out = saved.get();
        const Tensor along = mul(out, mean(mul(g, out), axes, /*keepdim=*/true));
        const Tensor rest = sub(sub(g, mean(g, axes, /*keepdim=*/true)), along);
        return {mul(rest, scale)};
      });
}

}  // namespace

LayerNorm::LayerNorm(const Shape& shape, const LayerNormOptions& options)
    : shape_(shape), eps_(options.eps) {
  if (shape.empty() || *std::min_element(shape.begin(), shape.end()) < 1) {
    fail("LayerNorm", "the shape to normalise is ", to_string(shape),
         "; it needs one axis or more, of sizes of at least 1");
  }
  if (!(std::isfinite(eps_) && eps_ >= 0)) {
    fail("LayerNorm", "eps is ", eps_, "; it must be a number of 0 or more");
  }
  for (std::int64_t axis = -static_cast<std::int64_t>(shape.rank()); axis < 0; ++axis)
    axes_.push_back(axis);
  if (!options.affine) return;
  weight = register_parameter("weight", Tensor::ones(shape));
  bias = register_parameter("bias", Tensor::zeros(shape));
}

Tensor LayerNorm::forward(const Tensor& x) {
  check_floating("LayerNorm", x);
  const Shape& given = x.shape();
  if (given.rank() < shape_.rank() ||
      !std::equal(shape_.begin(), shape_.end(), given.end() - shape_.rank())) {
    fail("LayerNorm", "the last axes of the input ", to_string(given), " are not ",
         to_string(shape_));
  }
  const Tensor y = normalized(widened("LayerNorm", x), axes_, eps_);
  return weight.defined() ? add(mul(y, weight), bias) : y;
}

}  // namespace plastic::nn

#include "plastic/core/ops/reduce.h"

#include <algorithm>
#include <limits>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/ops/axis.h"
#include "core/ops/mixed_precision.h"
#include "core/ops/wide_sums.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic {
namespace {

/// Σ x / divisor; the gradient is the result's, divided and spread over what was summed.
Tensor divided_sum(const char* op, const Tensor& x, const Shape& axes, bool keepdim,
                   const Shape& kept, double divisor) {
  const DType dtype = is_floating_point(x.dtype()) ? x.dtype() : DType::i64;
  Tensor y = reduced(Reduction::sum, x, kept, dtype, divisor);
  if (!keepdim) y = y.reshape(without_axes(op, x, axes));
  return record(op, y, {x}, [=, before = x.shape()](const Tensor& g, const Inputs&) -> Gradients {
    const Tensor share = divisor == 1 ? g : div(g, divisor);
    return {share.reshape(kept).expand(before)};
  });
}

}  // namespace

Tensor sum(const Tensor& x, const Shape& axes, bool keepdim) {
  check_defined("sum", x);
  return divided_sum("sum", x, axes, keepdim, reduced_shape("sum", x, axes), 1);
}

Tensor mean(const Tensor& input, const Shape& axes, bool keepdim) {
  const Tensor x = widened("mean", input);
  check_floating("mean", x);
  const Shape kept = reduced_shape("mean", x, axes);
  return divided_sum("mean", x, axes, keepdim, kept, reduced_count(x, kept));
}

// With n = count - correction and d = x - mean: dx = g·2/n·d. Where n <= 0 PyTorch's formula gives
// ∞, or NaN where d = 0, and so does this one; over chosen axes it divides by n all the same.
Tensor var(const Tensor& input, const Shape& axes, bool keepdim, double correction) {
  const Tensor x = widened("var", input);
  check_floating("var", x);
  const Shape kept = reduced_shape("var", x, axes);
  const double freedom = reduced_count(x, kept) - correction;
  const Centred deviations = centred(x, kept);
  Tensor y = mean_square(deviations, std::max(freedom, 0.0)).to(x.dtype());
  if (!keepdim) y = y.reshape(without_axes("var", x, axes));
  const bool is_whole = axes.empty();
  return record(
      "var", y, {x},
      [kept, freedom, is_whole, values = Saved("var", deviations.values),
       rest = Saved("var", deviations.rest)](const Tensor& g, const Inputs&) -> Gradients {
        const Tensor d = sub(values.get(), rest.get().to(g.dtype()));
        const Tensor grad = g.reshape(kept);
        if (freedom > 0 || !is_whole) return {mul(d, mul(grad, 2 / freedom))};
        const double infinity = std::numeric_limits<double>::infinity();
        return {mul(mul(abs(d), infinity), grad)};
      });
}

// y = √Σx²: dx = g·x/y, and 0 where y = 0
Tensor norm(const Tensor& input, const Shape& axes, bool keepdim) {
  const Tensor x = widened("norm", input);
  check_floating("norm", x);
  const Shape kept = reduced_shape("norm", x, axes);
  const Tensor kept_y = reduced(Reduction::norm, x, kept, x.dtype());
  const Tensor y = keepdim ? kept_y.detach() : kept_y.reshape(without_axes("norm", x, axes));
  return record(
      "norm", y, {x},
      [kept, sx = Saved("norm", x), sy = Saved("norm", kept_y)](const Tensor& g,
                                                                const Inputs&) -> Gradients {
        const TensorOptions options = options_of(g);
        const Tensor zero = Tensor::zeros({}, options);
        const Tensor infinity = Tensor::full({}, std::numeric_limits<double>::infinity(), options);
        // x / y first: it is at most 1, where g / y may leave the dtype's range.
        const Tensor unit = div(sx.get(), where(equal(sy.get(), zero), infinity, sy.get()));
        return {mul(unit, g.reshape(kept))};
      });
}

}  // namespace plastic

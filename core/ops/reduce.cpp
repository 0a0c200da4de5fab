#include "plastic/core/ops/reduce.h"

#include <limits>

#include "core/backend.h"
#include "core/check.h"
#include "core/graph.h"
#include "core/ops/axis.h"
#include "core/ops/mixed_precision.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic {
namespace {

/// scale · Σ x; the gradient is the result's, scaled and spread over what was summed.
Tensor scaled_sum(const char* op, const Tensor& x, const Shape& axes, bool keepdim,
                  const Shape& kept, double scale) {
  Tensor y = Tensor::empty(kept, {.dtype = x.dtype(), .device = x.device()});
  backend(x.device()).reduce(Reduction::sum, array_of(x), scale, array_of(y));
  if (!keepdim) y = y.reshape(without_axes(op, x, axes));
  return record(op, y, {x}, [=, before = x.shape()](const Tensor& g, const Inputs&) -> Gradients {
    const Tensor spread = g.reshape(kept).expand(before);
    return {scale == 1 ? spread : mul(spread, scale)};
  });
}

}  // namespace

Tensor sum(const Tensor& x, const Shape& axes, bool keepdim) {
  check_computable("sum", x);
  return scaled_sum("sum", x, axes, keepdim, reduced_shape("sum", x, axes), 1);
}

Tensor mean(const Tensor& input, const Shape& axes, bool keepdim) {
  const Tensor x = widened("mean", input);
  check_floating("mean", x);
  const Shape kept = reduced_shape("mean", x, axes);
  const double count = reduced_count(x, kept);
  const double scale = count == 0 ? std::numeric_limits<double>::quiet_NaN() : 1 / count;
  return scaled_sum("mean", x, axes, keepdim, kept, scale);
}

Tensor var(const Tensor& input, const Shape& axes, bool keepdim, double correction) {
  const Tensor x = widened("var", input);
  check_floating("var", x);
  const Shape kept = reduced_shape("var", x, axes);
  const Tensor centred = sub(x, mean(x, axes, /*keepdim=*/true));
  const double count = reduced_count(x, kept);
  return div(sum(mul(centred, centred), axes, keepdim), count - correction);
}

// y = √Σx²: dx = g·x/y, and 0 where y = 0
Tensor norm(const Tensor& input, const Shape& axes, bool keepdim) {
  const Tensor x = widened("norm", input);
  check_floating("norm", x);
  const Shape kept = reduced_shape("norm", x, axes);
  Tensor y;
  {
    const NoGrad no_grad;
    y = sqrt(sum(mul(x, x), axes, keepdim));
  }
  return record("norm", y, {x},
                [kept, sx = Saved("norm", x), sy = Saved("norm", y)](const Tensor& g,
                                                                     const Inputs&) -> Gradients {
                  const Tensor zero = Tensor::zeros({}, {.dtype = g.dtype(), .device = g.device()});
                  const Tensor ratio =
                      where(equal(sy.get(), zero), zero, div(g, sy.get())).reshape(kept);
                  return {mul(sx.get(), ratio)};
                });
}

}  // namespace plastic

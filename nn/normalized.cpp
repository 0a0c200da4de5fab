#include "nn/normalized.h"

#include <algorithm>
#include <cmath>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/ops/axis.h"
#include "core/ops/wide_sums.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"

namespace plastic::nn {

void check_eps(const char* module, double eps) {
  if (!(std::isfinite(eps) && eps >= 0)) {
    fail(module, "eps is ", eps, "; it must be a number of 0 or more");
  }
}

Shape last_axes(const char* module, const Shape& shape) {
  if (shape.empty() || *std::min_element(shape.begin(), shape.end()) < 1) {
    fail(module, "the shape to normalise is ", to_string(shape),
         "; it needs one axis or more, of sizes of at least 1");
  }
  Shape axes;
  for (std::int64_t axis = -static_cast<std::int64_t>(shape.rank()); axis < 0; ++axis) {
    axes.push_back(axis);
  }
  return axes;
}

void check_last_axes(const char* module, const Tensor& x, const Shape& shape) {
  check_floating(module, x);
  const Shape& given = x.shape();
  if (given.rank() < shape.rank() ||
      !std::equal(shape.begin(), shape.end(), given.end() - shape.rank())) {
    fail(module, "the last axes of the input ", to_string(given), " are not ", to_string(shape));
  }
}

// With r = 1/√(var + eps) and y = (x - mean)·r: dx = r·(g - mean(g) - y·mean(g·y)). The variance is
// f64's: squares of f32 may leave its range where y does not.
Tensor normalized(const char* module, const Tensor& x, const Shape& axes, double eps) {
  const Shape kept = reduced_shape(module, x, axes);
  const Centred deviations = centred(x, kept);
  const Tensor scale =
      rsqrt(add(mean_square(deviations, reduced_count(x, kept)), eps)).to(x.dtype());
  const Tensor y = mul(sub(deviations.values, deviations.rest.to(x.dtype())), scale);
  return record(
      module, y, {x},
      [axes, scale, saved = Saved(module, y)](const Tensor& g, const Inputs&) -> Gradients {
        const Tensor& out = saved.get();
        const Tensor along = mul(out, mean(mul(g, out), axes, /*keepdim=*/true));
        const Tensor rest = sub(sub(g, mean(g, axes, /*keepdim=*/true)), along);
        return {mul(rest, scale)};
      });
}

}  // namespace plastic::nn

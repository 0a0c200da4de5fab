#include "plastic/core/ops/reduce.h"

#include <limits>

#include "core/backend.h"
#include "core/check.h"
#include "core/graph.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic {
namespace {

/// The shape of `x` with `axes` (all when empty) set to 1.
Shape reduced_shape(const char* op, const Tensor& x, const Shape& axes) {
  Shape shape = x.shape();
  if (axes.empty()) return Shape::filled(shape.rank(), 1);
  Shape seen = Shape::filled(shape.rank(), 0);
  for (const std::int64_t axis : axes) {
    const std::size_t at = normalize_axis(op, axis, shape.rank());
    if (seen[at]++ != 0) fail(op, "axis ", axis, " is given twice in ", to_string(axes));
    shape[at] = 1;
  }
  return shape;
}

Shape without_axes(const char* op, const Tensor& x, const Shape& axes) {
  Shape shape;
  if (axes.empty()) return shape;
  Shape gone = Shape::filled(x.shape().rank(), 0);
  for (const std::int64_t axis : axes) gone[normalize_axis(op, axis, gone.rank())] = 1;
  for (std::size_t i = 0; i < gone.rank(); ++i) {
    if (gone[i] == 0) shape.push_back(x.shape()[i]);
  }
  return shape;
}

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
  check_defined("sum", x);
  return scaled_sum("sum", x, axes, keepdim, reduced_shape("sum", x, axes), 1);
}

Tensor mean(const Tensor& x, const Shape& axes, bool keepdim) {
  check_defined("mean", x);
  if (!is_floating_point(x.dtype())) {
    fail("mean", "needs f32 or f64, got ", name_of(x.dtype()), "; convert with .to()");
  }
  const Shape kept = reduced_shape("mean", x, axes);
  double count = 1;
  for (std::size_t i = 0; i < kept.rank(); ++i) {
    if (kept[i] == 1) count *= static_cast<double>(x.shape()[i]);
  }
  const double scale = count == 0 ? std::numeric_limits<double>::quiet_NaN() : 1 / count;
  return scaled_sum("mean", x, axes, keepdim, kept, scale);
}

Tensor argmax(const Tensor& x, std::int64_t axis) {
  check_defined("argmax", x);
  const std::size_t at = normalize_axis("argmax", axis, x.shape().rank());
  if (x.shape()[at] == 0) {
    fail("argmax", "axis ", axis, " of ", to_string(x.shape()), " is empty");
  }
  std::int64_t outer = 1;
  std::int64_t inner = 1;
  for (std::size_t i = 0; i < at; ++i) outer *= x.shape()[i];
  for (std::size_t i = at + 1; i < x.shape().rank(); ++i) inner *= x.shape()[i];
  const Tensor dense = x.detach().contiguous().reshape({outer, x.shape()[at], inner});
  const Tensor y = Tensor::empty({outer, inner}, {.dtype = DType::i64, .device = x.device()});
  backend(x.device()).argmax(array_of(dense), array_of(y));
  return y.reshape(without_axes("argmax", x, {axis}));
}

}  // namespace plastic

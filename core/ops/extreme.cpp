// max, min and their positions.
#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/ops/axis.h"
#include "plastic/core/ops/index.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {
namespace {

Tensor position(const char* op, Extreme which, const Tensor& x, std::int64_t axis) {
  check_defined(op, x);
  const std::size_t at = normalize_axis(op, axis, x.shape().rank());
  if (x.shape()[at] == 0) fail(op, "axis ", axis, " of ", to_string(x.shape()), " is empty");
  const Tensor dense = x.detach().contiguous();
  const Array lines = around_axis(dense, at);
  const Tensor y =
      Tensor::empty({lines.shape[0], lines.shape[2]}, {.dtype = DType::i64, .device = x.device()});
  backend(x.device()).arg_extreme(which, lines, array_of(y));
  return y.reshape(without_axes(op, x, {axis}));
}

/// The elements that go into each result are brought to one last axis; the chosen one is gathered,
/// which is what sends the gradient there.
Tensor extreme(const char* op, Extreme which, const Tensor& x, const Shape& axes, bool keepdim) {
  check_defined(op, x);
  const Shape kept = reduced_shape(op, x, axes);
  const Shape dropped = without_axes(op, x, axes);
  const std::int64_t results = kept.numel();
  if (x.numel() == 0 && results > 0) {
    fail(op, "nothing to choose from in ", to_string(x.shape()));
  }
  const std::int64_t count = results == 0 ? 1 : x.numel() / results;
  const Tensor lines = x.permute(reduced_last(x, axes, kept)).reshape({results, count});
  const Tensor chosen = gather(lines, 1, position(op, which, lines, 1).unsqueeze(1));
  return chosen.reshape(keepdim ? kept : dropped);
}

}  // namespace

Tensor max(const Tensor& x, const Shape& axes, bool keepdim) {
  return extreme("max", Extreme::largest, x, axes, keepdim);
}

Tensor min(const Tensor& x, const Shape& axes, bool keepdim) {
  return extreme("min", Extreme::smallest, x, axes, keepdim);
}

Tensor argmax(const Tensor& x, std::int64_t axis) {
  return position("argmax", Extreme::largest, x, axis);
}

Tensor argmin(const Tensor& x, std::int64_t axis) {
  return position("argmin", Extreme::smallest, x, axis);
}

}  // namespace plastic

#include "plastic/core/ops/sort.h"

#include "core/check.h"
#include "core/cpu/lines.h"
#include "core/ops/axis.h"
#include "core/ops/mixed_precision.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops/index.h"

namespace plastic {
namespace {

/// The first `count` elements of each sorted line. The host finds their places, wherever x is;
/// gather() sends the gradient back.
Sorted sorted(const char* op, const Tensor& x, std::size_t axis, std::int64_t count,
              bool descending) {
  const Tensor dense = widened(op, x.detach()).to(Device{}).contiguous();
  Shape shape = x.shape();
  shape[axis] = count;
  const Tensor places = Tensor::empty(shape, {.dtype = DType::i64});
  cpu::argsort(descending, around_axis(dense, axis), around_axis(places, axis));
  const Tensor indices = places.to(x.device());
  return {gather(x, static_cast<std::int64_t>(axis), indices), indices};
}

}  // namespace

Sorted sort(const Tensor& x, std::int64_t axis, bool descending) {
  check_defined("sort", x);
  const std::size_t at = normalize_axis("sort", axis, x.shape().rank());
  return sorted("sort", x, at, x.shape()[at], descending);
}

Sorted topk(const Tensor& x, std::int64_t k, std::int64_t axis, bool largest) {
  check_defined("topk", x);
  const std::size_t at = normalize_axis("topk", axis, x.shape().rank());
  if (k < 0 || k > x.shape()[at]) {
    fail("topk", "k is ", k, "; it must lie in [0, ", x.shape()[at], "], the size of axis ", axis,
         " of ", to_string(x.shape()));
  }
  return sorted("topk", x, at, k, largest);
}

}  // namespace plastic

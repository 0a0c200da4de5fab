#include "plastic/core/ops/flip.h"

#include "core/autograd/graph.h"
#include "core/ops/axis.h"
#include "core/ops/gathered.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic {

Tensor flip(const Tensor& x, const Shape& axes) {
  check_defined("flip", x);
  // What reduced_shape() checks is what has to hold here.
  reduced_shape("flip", x, axes);
  Tensor y = x.detach();
  for (const std::int64_t axis : axes) {
    const std::size_t at = normalize_axis("flip", axis, x.shape().rank());
    const std::int64_t size = x.shape()[at];
    const Tensor places = Tensor::arange(size, {.dtype = DType::i64, .device = x.device()});
    y = gathered(y, at, for_every_line(size - 1 - places, at, x.shape()));
  }
  return record("flip", axes.empty() ? y.clone() : y, {x},
                [axes](const Tensor& g, const Inputs&) -> Gradients { return {flip(g, axes)}; });
}

}  // namespace plastic

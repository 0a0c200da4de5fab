#include "plastic/core/ops/cumsum.h"

#include "core/autograd/graph.h"
#include "core/cpu/lines.h"
#include "core/ops/axis.h"
#include "core/ops/mixed_precision.h"

namespace plastic {
namespace {

/// On the host, wherever x is.
Tensor summed(const Tensor& x, std::size_t axis, bool reverse) {
  const Tensor dense = widened("cumsum", x.detach()).to(Device{}).contiguous();
  const Tensor y = Tensor::empty(x.shape(), {.dtype = dense.dtype()});
  cpu::cumulative_sum(reverse, around_axis(dense, axis), around_axis(y, axis));
  return y.to(x.device()).to(x.dtype());
}

}  // namespace

// An element is in all sums from its own on: its gradient is the sum of theirs.
Tensor cumsum(const Tensor& x, std::int64_t axis) {
  check_defined("cumsum", x);
  const std::size_t at = normalize_axis("cumsum", axis, x.shape().rank());
  const Tensor terms = is_floating_point(x.dtype()) ? x : x.to(DType::i64);
  return record("cumsum", summed(terms, at, /*reverse=*/false), {x},
                [at](const Tensor& g, const Inputs&) -> Gradients {
                  return {summed(g, at, /*reverse=*/true)};
                });
}

}  // namespace plastic

#include "plastic/core/ops/prod.h"

#include "core/autograd/graph.h"
#include "core/ops/axis.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic {
namespace {

/// The product of each row of `x`, (rows, count), count >= 1: halves are multiplied until one
/// element is left. What each element is multiplied with on the way is its gradient, without a
/// division that an element of 0 would spoil.
Tensor row_products(Tensor x) {
  Tensor odd;
  while (x.size(1) > 1) {
    const std::int64_t half = x.size(1) / 2;
    if (x.size(1) % 2 == 1) {
      const Tensor last = x.slice(1, 2 * half, 2 * half + 1);
      odd = odd.defined() ? mul(odd, last) : last;
    }
    x = mul(x.slice(1, 0, half), x.slice(1, half, 2 * half));
  }
  return odd.defined() ? mul(x, odd) : x;
}

}  // namespace

Tensor prod(const Tensor& x, const Shape& axes, bool keepdim) {
  check_defined("prod", x);
  const Shape kept = reduced_shape("prod", x, axes);
  const Shape shape = keepdim ? kept : without_axes("prod", x, axes);
  const DType dtype = is_floating_point(x.dtype()) ? x.dtype() : DType::i64;
  const std::int64_t results = kept.numel();
  if (x.numel() == 0) {
    return record("prod", Tensor::ones(shape, {.dtype = dtype, .device = x.device()}), {x},
                  [before = x.shape()](const Tensor& g, const Inputs&) -> Gradients {
                    return {Tensor::zeros(before, options_of(g))};
                  });
  }
  const DType wide = is_floating_point(dtype) ? DType::f64 : DType::i64;
  const Tensor lines = x.permute(reduced_last(x, axes, kept)).reshape({results, -1}).to(wide);
  return row_products(lines).to(dtype).reshape(shape);
}

}  // namespace plastic

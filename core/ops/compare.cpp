#include "plastic/core/ops/compare.h"

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/ops/binary_rules.h"
#include "core/ops/broadcast.h"
#include "core/tensor/layout.h"
#include "core/tensor/number.h"

namespace plastic {
namespace {

Tensor compare(const char* name, Comparison op, const Tensor& a, const Tensor& b) {
  check_same_kind(name, a, b);
  check_defined(name, a);
  const Shape shape = broadcast_shapes(name, a.shape(), b.shape());
  Tensor y = empty_like_layout(shape, DType::u8, {a, b});
  backend(a.device()).compare(op, expanded_array(a, shape), expanded_array(b, shape), array_of(y));
  return y;
}

void check_condition(const char* name, const Tensor& condition, const Tensor& x) {
  check_defined(name, condition);
  check_same_device(name, condition, x);
  if (condition.dtype() != DType::u8) {
    fail(name, "the condition must be u8, got ", name_of(condition.dtype()),
         "; comparisons give u8");
  }
}

Tensor choose(const Tensor& condition, const Tensor& a, const Tensor& b, const Shape& shape) {
  Tensor y = empty_like_layout(shape, a.dtype(), {a, b, condition});
  backend(a.device())
      .where(expanded_array(condition, shape), expanded_array(a, shape), expanded_array(b, shape),
             array_of(y));
  return y;
}

}  // namespace

#define PLASTIC_ROW(function, Rule)                        \
  Tensor function(const Tensor& a, const Tensor& b) {      \
    return compare(#function, Comparison::function, a, b); \
  }                                                        \
  Tensor function(const Tensor& a, Number b) { return function(a, scalar_like(#function, b, a)); }
PLASTIC_COMPARISONS(PLASTIC_ROW)
#undef PLASTIC_ROW

Tensor greater(const Tensor& a, const Tensor& b) {
  return compare("greater", Comparison::less, b, a);
}
Tensor greater_equal(const Tensor& a, const Tensor& b) {
  return compare("greater_equal", Comparison::less_equal, b, a);
}
Tensor greater(const Tensor& a, Number b) { return greater(a, scalar_like("greater", b, a)); }
Tensor greater_equal(const Tensor& a, Number b) {
  return greater_equal(a, scalar_like("greater_equal", b, a));
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  check_same_kind("where", a, b);
  check_defined("where", a);
  check_condition("where", condition, a);
  const Shape shape =
      broadcast_shapes("where", condition.shape(), broadcast_shapes("where", a.shape(), b.shape()));
  return record("where", choose(condition, a, b, shape), {a, b},
                [condition = Saved("where", condition), sa = a.shape(), sb = b.shape()](
                    const Tensor& g, const Inputs& in) -> Gradients {
                  const Tensor zero = Tensor::zeros({}, {.dtype = g.dtype(), .device = g.device()});
                  const Tensor& chosen = condition.get();
                  return {in.needs(0) ? sum_to(choose(chosen, g, zero, g.shape()), sa) : Tensor(),
                          in.needs(1) ? sum_to(choose(chosen, zero, g, g.shape()), sb) : Tensor()};
                });
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, Number value) {
  check_defined("masked_fill", x);
  check_number("masked_fill", value, x.dtype());
  check_condition("masked_fill", mask, x);
  // For an error that names this operation.
  broadcast_shapes("masked_fill", x.shape(), mask.shape());
  return where(mask, Tensor::full({}, value, {.dtype = x.dtype(), .device = x.device()}), x);
}

}  // namespace plastic

#include "core/ops/unary.h"

#include <optional>

#include "core/autograd/graph.h"
#include "core/device/backend.h"
#include "core/tensor/layout.h"
#include "plastic/core/ops/activation.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic {

Tensor apply(const UnaryFunction& function, const Tensor& x, const UnaryParameters& parameters) {
  function.takes_integers ? check_defined(function.name, x) : check_floating(function.name, x);
  const Tensor y = empty_like_layout(x);
  backend(x.device()).unary(function.op, parameters, array_of(x), array_of(y));
  if (!function.has_gradient) return y;
  std::optional<Saved> saved;
  if (function.keep != Keep::nothing) {
    saved.emplace(function.name, function.keep == Keep::result ? y : x);
  }
  return record(
      function.name, y, {x},
      [op = function.op, parameters, saved](const Tensor& g, const Inputs&) -> Gradients {
        const Tensor& kept = saved ? saved->get() : g;
        const Tensor out = empty_like_layout(g.shape(), g.dtype(), {kept, g});
        backend(g.device()).unary_grad(op, parameters, array_of(kept), array_of(g), array_of(out));
        return {out};
      });
}

#define PLASTIC_ROW(function, Rule)                                                        \
  Tensor function(const Tensor& x) {                                                       \
    static constexpr auto known = unary_function<rules::Rule>(#function, Unary::function); \
    return apply(known, x);                                                                \
  }
PLASTIC_UNARY_FUNCTIONS(PLASTIC_ROW)
#undef PLASTIC_ROW

}  // namespace plastic

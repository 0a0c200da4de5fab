#include "core/ops/unary.h"

#include "core/autograd/graph.h"
#include "core/tensor/layout.h"

namespace plastic {

Tensor unary(const char* name, Unary op, Keep keep, const Tensor& x,
             const UnaryParameters& parameters) {
  check_floating(name, x);
  const Tensor y = empty_like_layout(x);
  backend(x.device()).unary(op, parameters, array_of(x), array_of(y));
  const Saved saved(name, keep == Keep::result ? y : x);
  return record(name, y, {x}, [=](const Tensor& g, const Inputs&) -> Gradients {
    Tensor out = empty_like_layout(g.shape(), g.dtype(), {saved.get(), g});
    backend(g.device())
        .unary_grad(op, parameters, array_of(saved.get()), array_of(g), array_of(out));
    return {out};
  });
}

}  // namespace plastic

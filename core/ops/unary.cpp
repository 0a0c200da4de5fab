#include "core/ops/unary.h"

#include "core/graph.h"

namespace plastic {

Tensor unary(const char* name, Unary op, Keep keep, const Tensor& x,
             const UnaryParameters& parameters) {
  check_floating(name, x);
  const Tensor y = Tensor::empty(x.shape(), {.dtype = x.dtype(), .device = x.device()});
  backend(x.device()).unary(op, parameters, array_of(x), array_of(y));
  const Saved saved(name, keep == Keep::result ? y : x);
  return record(name, y, {x}, [=](const Tensor& g, const Inputs&) -> Gradients {
    Tensor out = Tensor::empty(g.shape(), {.dtype = g.dtype(), .device = g.device()});
    backend(g.device())
        .unary_grad(op, parameters, array_of(saved.get()), array_of(g), array_of(out));
    return {out};
  });
}

}  // namespace plastic

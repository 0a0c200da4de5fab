#include "plastic/core/ops/dropout.h"

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/random/draw.h"
#include "core/random/philox.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic {

// y = x·mask/(1 - p), dx = dy·mask/(1 - p)
Tensor dropout(const Tensor& x, double p, Generator& generator) {
  check_defined("dropout", x);
  if (!(p >= 0 && p <= 1)) fail("dropout", "p must be in [0, 1], got ", p);
  check_floating("dropout", x);
  if (p == 1) return mul(x, 0);
  const Tensor dense = x.detach().contiguous();
  const Tensor y = Tensor::empty(x.shape(), {.dtype = x.dtype(), .device = x.device()});
  const Tensor mask = Tensor::empty(x.shape(), {.dtype = DType::u8, .device = x.device()});
  const Generator at = draw(generator, blocks_for(x.numel()));
  backend(x.device()).dropout(array_of(dense), p, at, array_of(y), array_of(mask));
  return record("dropout", y, {x}, [mask, p](const Tensor& g, const Inputs&) -> Gradients {
    const Tensor dense_g = g.contiguous();
    const Tensor out = Tensor::empty(g.shape(), {.dtype = g.dtype(), .device = g.device()});
    backend(g.device())
        .masked_scale(array_of(dense_g), array_of(mask), DropoutRule(p).scale, array_of(out));
    return {out};
  });
}

}  // namespace plastic

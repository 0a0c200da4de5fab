#include "plastic/core/ops/cross_entropy.h"

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/ops/mixed_precision.h"

namespace plastic {

// L = 1/n Σᵢ (log Σⱼ exp zᵢⱼ - zᵢₜ),  dL/dzᵢⱼ = (softmax(zᵢ)ⱼ - [j = t]) / n
Tensor cross_entropy(const Tensor& scores, const Tensor& targets) {
  const Tensor logits = widened("cross_entropy", scores);
  check_defined("cross_entropy", targets);
  if (!is_floating_point(logits.dtype()) || targets.dtype() != DType::i64) {
    fail("cross_entropy", "needs f32 or f64 logits and i64 targets, got ", name_of(logits.dtype()),
         " and ", name_of(targets.dtype()));
  }
  if (logits.rank() != 2 || targets.shape() != Shape{logits.size(0)}) {
    fail("cross_entropy", "logits ", to_string(logits.shape()), " do not fit targets ",
         to_string(targets.shape()), "; needs (N, C) and (N)");
  }
  check_same_device("cross_entropy", logits, targets);
  const TensorOptions options = options_of(logits);
  const Tensor dense = logits.detach().contiguous();
  const Tensor labels = targets.contiguous();
  const Tensor loss = Tensor::empty({}, options);
  const Tensor normalizers =
      Tensor::empty({logits.size(0), 3}, {.dtype = DType::f64, .device = options.device});
  Backend& device = backend(logits.device());
  const std::int64_t bad = device.cross_entropy(array_of(dense), array_of(labels), array_of(loss),
                                                array_of(normalizers));
  if (bad >= 0) {
    fail("cross_entropy", "target ", labels.slice(0, bad, bad + 1).item<std::int64_t>(),
         " at position ", bad, " is not in [0, ", logits.size(1), ")");
  }
  return record("cross_entropy", loss, {logits},
                [z = Saved("cross_entropy", dense), t = Saved("cross_entropy", labels), normalizers,
                 options](const Tensor& g, const Inputs&) -> Gradients {
                  const Tensor out = Tensor::empty(z.shape(), options);
                  backend(options.device)
                      .cross_entropy_grad(array_of(z.get()), array_of(t.get()),
                                          array_of(normalizers), array_of(g), array_of(out));
                  return {out};
                });
}

}  // namespace plastic

#include "core/device/class_sums.h"

#include "core/check.h"
#include "core/device/backend.h"
#include "core/tensor/storage.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/join.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {

void add_class_sums(const Tensor& logits, const Tensor& targets, const Tensor& loss, Tensor& sums) {
  constexpr const char* op = "class_sums";
  check_floating(op, logits);
  check_defined(op, loss);
  check_defined(op, targets);
  check_defined(op, sums);
  if (logits.rank() != 2 || logits.size(1) == 0 || targets.shape() != Shape{logits.size(0)} ||
      loss.numel() != 1 || sums.shape() != Shape{2} || !sums.is_contiguous()) {
    fail(op, "logits ", to_string(logits.shape()), ", targets ", to_string(targets.shape()),
         ", loss ", to_string(loss.shape()), " and sums ", to_string(sums.shape()),
         " do not fit; needs (N, C), (N), one element and (2)");
  }
  // As cross_entropy() gives it.
  const DType loss_dtype = logits.dtype() == DType::f64 ? DType::f64 : DType::f32;
  if (targets.dtype() != DType::i64 || loss.dtype() != loss_dtype || sums.dtype() != DType::f64) {
    fail(op, "needs i64 targets, a loss in ", name_of(loss_dtype), " and f64 sums, got ",
         name_of(targets.dtype()), ", ", name_of(loss.dtype()), " and ", name_of(sums.dtype()));
  }
  for (const Tensor& other : {targets, loss, sums}) check_same_device(op, logits, other);
  const Tensor rows = logits.detach().contiguous();
  const Tensor classes = targets.contiguous();
  if (auto* device = dynamic_cast<ClassSums*>(&backend(logits.device()))) {
    sums.impl()->storage->bump_version();
    device->add_class_sums(array_of(rows), array_of(classes), array_of(loss), array_of(sums));
    return;
  }
  const NoGrad no_grad;
  const Tensor correct = sum(equal(argmax(rows, 1), classes)).to(DType::f64);
  const Tensor total = mul(loss.to(DType::f64).reshape({}), rows.size(0));
  const Tensor batch[] = {total, correct};
  sums.copy_(add(sums, stack(batch)));
}

}  // namespace plastic

#pragma once

#include "core/device/array.h"
#include "plastic/core/tensor.h"

namespace plastic {

/// Adds a batch to `sums`, f64 (2), in place: n · loss for its mean loss, and the number of rows of
/// `logits` (n, classes) whose largest element, the first of equals and NaN counting as larger, is
/// that of the class in `targets` (n). All are on one device, which is not waited for: a captured
/// step may count its batches. Throws Error for shapes or dtypes that do not fit.
void add_class_sums(const Tensor& logits, const Tensor& targets, const Tensor& loss, Tensor& sums);

/// A device that has one kernel for add_class_sums(), which is otherwise composed of other
/// operations: a captured step then launches one kernel instead of seven.
class ClassSums {
 public:
  /// logits (n, classes) and targets (n) i64 are contiguous; the loss is f32 where logits are bf16.
  virtual void add_class_sums(const Array& logits, const Array& targets, const Array& loss,
                              const Array& sums) = 0;

 protected:
  ~ClassSums() = default;
};

}  // namespace plastic

#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

/// Adds a batch to `sums`, f64 (2), in place: n · loss for its mean loss, and the number of rows of
/// `logits` (n, classes) whose largest element, the first of equals, is that of the class in
/// `targets` (n). All are on one device, which is not waited for: a recorded step may count its
/// batches. Throws Error for shapes or dtypes that do not fit.
void add_class_sums(const Tensor& logits, const Tensor& targets, const Tensor& loss, Tensor& sums);

}  // namespace plastic

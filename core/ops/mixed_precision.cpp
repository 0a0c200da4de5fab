#include "core/ops/mixed_precision.h"

#include "core/tensor/tensor_impl.h"
#include "plastic/core/precision.h"

namespace plastic {

bool is_narrowed(DType dtype) { return precision() == Precision::bf16 && dtype == DType::f32; }

Tensor for_product(const Tensor& x) {
  return x.defined() && is_narrowed(x.dtype()) ? x.to(DType::bf16) : x;
}

Tensor widened(const char* op, const Tensor& x) {
  check_defined(op, x);
  return x.dtype() == DType::bf16 ? x.to(DType::f32) : x;
}

}  // namespace plastic

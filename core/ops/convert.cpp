#include "core/ops/convert.h"

#include "core/check.h"
#include "core/tensor_impl.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {
namespace {

/// 1 where the number x, its fraction cut off, is in the range of `dtype`.
Tensor in_range(const Tensor& x, DType dtype) {
  const auto number = [&](Number value) { return Tensor::full({}, value, options_of(x)); };
  if (dtype == DType::i64) {
    return mul(less_equal(number(-0x1p63), x), less(x, number(0x1p63)));
  }
  if (x.dtype() == DType::i64) return mul(less_equal(number(0), x), less(x, number(256)));
  return mul(less(number(-1), x), less(x, number(256)));
}

}  // namespace

void check_convertible(const char* op, const Tensor& x, DType dtype) {
  const bool always_fits = is_floating_point(dtype) || x.dtype() == dtype || x.dtype() == DType::u8;
  if (always_fits || x.numel() == 0) return;
  const NoGrad no_grad;
  // The CPU does not compare bf16.
  const Tensor values = x.detach().to(x.dtype() == DType::bf16 ? DType::f32 : x.dtype());
  const Tensor fits = in_range(values, dtype);
  if (sum(fits).item<std::int64_t>() == fits.numel()) return;
  const auto first = argmin(fits.flatten(), 0).item<std::int64_t>();
  const Tensor bad = values.flatten().slice(0, first, first + 1);
  const Number value =
      bad.dtype() == DType::i64 ? Number(bad.item<std::int64_t>()) : Number(bad.item());
  fail(op, name_of(dtype), " cannot hold ", to_string(value), ", the element at position ", first,
       " of ", name_of(x.dtype()), " ", to_string(x.shape()), "; clamp() the elements first");
}

}  // namespace plastic

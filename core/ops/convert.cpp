#include "core/ops/convert.h"

#include <atomic>
#include <cstdint>

#include "core/check.h"
#include "core/tensor/tensor_impl.h"
#include "core/threads/parallel.h"
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

/// Whether fits(x) is true of all elements, which are dense in the host's memory.
template <class T, class Fits>
bool all_fit(const Tensor& x, Fits fits) {
  const T* values = x.data<T>();
  std::atomic<bool> all = true;
  parallel_for(0, x.numel(), 8192, [&](std::int64_t first, std::int64_t last) {
    // Without a branch, so that it becomes vectors.
    unsigned misfits = 0;
    for (std::int64_t i = first; i < last; ++i) misfits |= fits(values[i]) ? 0U : 1U;
    if (misfits != 0) all.store(false, std::memory_order_relaxed);
  });
  return all;
}

/// The same as in_range() of all elements.
bool all_in_range(const Tensor& x, DType dtype) {
  if (x.dtype() == DType::i64) {
    return all_fit<std::int64_t>(x, [](std::int64_t v) { return v >= 0 && v < 256; });
  }
  const auto of_real = [&]<class T>(T) {
    if (dtype == DType::i64) {
      return all_fit<T>(x, [](T v) { return v >= T{-0x1p63} && v < T{0x1p63}; });
    }
    return all_fit<T>(x, [](T v) { return v > T{-1} && v < T{256}; });
  };
  return x.dtype() == DType::f32 ? of_real(float{}) : of_real(double{});
}

}  // namespace

void check_convertible(const char* op, const Tensor& x, DType dtype) {
  const bool always_fits = is_floating_point(dtype) || x.dtype() == dtype || x.dtype() == DType::u8;
  if (always_fits || x.numel() == 0) return;
  const bool is_dense_here = x.device().type == DeviceType::cpu && x.is_contiguous();
  if (is_dense_here && x.dtype() != DType::bf16 && all_in_range(x, dtype)) return;
  const NoGrad no_grad;
  // Limits of integers are no bf16 numbers.
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

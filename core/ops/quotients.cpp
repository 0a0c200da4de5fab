#include "core/ops/quotients.h"

#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/check.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {
namespace {

bool has_ones(const Tensor& mask) { return sum(mask).item<std::int64_t>() > 0; }

/// 1 where x has the value.
Tensor matches(const Tensor& x, const Number& value) {
  return equal(x, Tensor::full({}, value, options_of(x)));
}

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();

[[noreturn]] void refuse_zero(const char* op, const Tensor& a) {
  fail(op, "integers, ", name_of(a.dtype()), " ", to_string(a.shape()),
       ", divided by 0; convert with .to(plastic::DType::f32) for an infinite quotient");
}

[[noreturn]] void refuse_lowest() {
  fail("div", "i64 cannot hold the quotient of ", lowest, " and -1; convert with .to()");
}

/// Whether neither 0 nor -1, of a type that has it, is among elements that are dense in the host's
/// memory.
template <class T>
bool divides_all(const Tensor& b) {
  const T* values = b.data<T>();
  // Without a branch, so that it becomes vectors.
  unsigned found = 0;
  for (std::int64_t i = 0, count = b.numel(); i < count; ++i) {
    const bool negates = std::is_signed_v<T> && values[i] == static_cast<T>(-1);
    found |= values[i] == 0 || negates ? 1U : 0U;
  }
  return found == 0;
}

}  // namespace

void check_quotients(const Tensor& a, const Tensor& b) {
  if (b.device().type == DeviceType::cpu && b.is_contiguous()) {
    const bool is_safe =
        b.dtype() == DType::i64 ? divides_all<std::int64_t>(b) : divides_all<std::uint8_t>(b);
    if (is_safe) return;
  }
  const NoGrad no_grad;
  if (has_ones(matches(b, 0))) refuse_zero("div", a);
  if (a.dtype() != DType::i64) return;
  const Tensor negates = matches(b, -1);
  if (has_ones(negates) && has_ones(mul(matches(a, lowest), negates))) refuse_lowest();
}

void check_divisors(const char* op, const Tensor& a, const Tensor& b) {
  const NoGrad no_grad;
  if (has_ones(matches(b, 0))) refuse_zero(op, a);
}

void check_quotients(const Tensor& a, const Number& b) {
  if (b.real() == 0) refuse_zero("div", a);
  const NoGrad no_grad;
  if (b.real() == -1 && has_ones(matches(a, lowest))) refuse_lowest();
}

}  // namespace plastic

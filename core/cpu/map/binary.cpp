#include <type_traits>

#include "core/cpu/cpu_backend.h"
#include "core/cpu/map/map.h"
#include "core/ops/binary_rules.h"
#include "core/tensor/dispatch.h"
#include "core/tensor/number.h"

namespace plastic::cpu {

// Operations refuse integers where a formula is for floating point only; what cannot be called is
// left out. Sums of bf16, gradients among them, are rounded where they lie.
void CpuBackend::binary(Binary op, const Array& a, const Array& b, const Array& out) {
  if (a.dtype == DType::bf16 && op == Binary::add) {
    return zip<bfloat16, bfloat16>(a, b, out, [](float x, float y) { return x + y; });
  }
  dispatch("binary", a.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with(op, [&](auto f) {
      if constexpr (std::is_invocable_v<decltype(f), T, T>) zip<T, T>(a, b, out, f);
    });
  });
}

void CpuBackend::binary_number(Binary op, const Array& in, const Number& number, const Array& out) {
  dispatch("binary", in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T value = number_as<T>(number);
    rules::with(op, [&](auto f) {
      if constexpr (std::is_invocable_v<decltype(f), T, T>) {
        map<T, T>(in, out, [=](T x) { return f(x, value); });
      }
    });
  });
}

void CpuBackend::ternary(Ternary op, double value, const Array& a, const Array& b, const Array& c,
                         const Array& out) {
  dispatch_floating("ternary", a.dtype, [&](auto zero) {
    using T = decltype(zero);
    Array arrays[] = {a, b, c, out};
    rules::with(op, static_cast<T>(value), [&](auto f) {
      for_each_run(
          arrays, [&](std::byte* const* pointers, const std::int64_t* strides, std::int64_t count) {
            zip_run_of_three<T>(pointers, strides, count, f);
          });
    });
  });
}

void CpuBackend::compare(Comparison op, const Array& a, const Array& b, const Array& out) {
  dispatch("compare", a.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with(op, [&](auto f) { zip<T, std::uint8_t>(a, b, out, f); });
  });
}

void CpuBackend::where(const Array& condition, const Array& a, const Array& b, const Array& out) {
  dispatch("where", a.dtype, [&](auto zero) {
    using T = decltype(zero);
    Array arrays[] = {condition, a, b, out};
    for_each_run(arrays, [&](std::byte* const* pointers, const std::int64_t* strides,
                             std::int64_t count) {
      const auto* chosen = reinterpret_cast<const std::uint8_t*>(pointers[0]);
      const T* yes = reinterpret_cast<const T*>(pointers[1]);
      const T* no = reinterpret_cast<const T*>(pointers[2]);
      T* y = reinterpret_cast<T*>(pointers[3]);
      for (std::int64_t i = 0; i < count; ++i) {
        y[i * strides[3]] = chosen[i * strides[0]] != 0 ? yes[i * strides[1]] : no[i * strides[2]];
      }
    });
  });
}

}  // namespace plastic::cpu

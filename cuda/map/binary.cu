#include <cstdint>
#include <type_traits>

#include "core/ops/binary_rules.h"
#include "core/tensor/number.h"
#include "cuda/map/map.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/number.h"

namespace plastic::cuda {
namespace {

template <class T, class F>
struct WithNumber {
  F f;
  computed<T> number;
  __device__ T operator()(T x) const { return narrow<T>(f(widen(x), number)); }
};

template <class T, class F>
struct Holds {
  F f;
  __device__ std::uint8_t operator()(T x, T y) const { return f(widen(x), widen(y)) ? 1 : 0; }
};

template <class T>
struct Choose {
  __device__ T operator()(std::uint8_t condition, T yes, T no) const {
    return condition != 0 ? yes : no;
  }
};

}  // namespace

void CudaBackend::binary(Binary op, const Array& a, const Array& b, const Array& out) {
  Context& context = use();
  with_number(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with(op, [&](auto f) {
      using F = decltype(f);
      if constexpr (std::is_invocable_v<F, computed<T>, computed<T>>) {
        map<T, T, T>(context, "binary", Stored<T, F>{f}, a, b, out);
      }
    });
  });
}

void CudaBackend::binary_number(Binary op, const Array& in, const Number& number,
                                const Array& out) {
  Context& context = use();
  with_number(in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto value = number_as<computed<T>>(number);
    rules::with(op, [&](auto f) {
      using F = decltype(f);
      if constexpr (std::is_invocable_v<F, computed<T>, computed<T>>) {
        map<T, T>(context, "binary", WithNumber<T, F>{f, value}, in, out);
      }
    });
  });
}

void CudaBackend::ternary(Ternary op, double value, const Array& a, const Array& b, const Array& c,
                          const Array& out) {
  Context& context = use();
  with_real(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with(op, static_cast<computed<T>>(value), [&](auto f) {
      map<T, T, T, T>(context, "ternary", Stored<T, decltype(f)>{f}, a, b, c, out);
    });
  });
}

void CudaBackend::compare(Comparison op, const Array& a, const Array& b, const Array& out) {
  Context& context = use();
  with_number(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with(op, [&](auto f) {
      map<T, T, std::uint8_t>(context, "compare", Holds<T, decltype(f)>{f}, a, b, out);
    });
  });
}

void CudaBackend::where(const Array& condition, const Array& a, const Array& b, const Array& out) {
  Context& context = use();
  with_number(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    map<std::uint8_t, T, T, T>(context, "where", Choose<T>{}, condition, a, b, out);
  });
}

}  // namespace plastic::cuda

#include <type_traits>

#include "core/cpu/copy_transposed.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/loops.h"
#include "core/ops/elementwise_gradient_rules.h"
#include "core/ops/elementwise_rules.h"
#include "core/tensor/dispatch.h"
#include "core/tensor/number.h"

namespace plastic::cpu {
namespace {

/// y = f(x) along a run; the dense case is one the compiler vectorises.
template <class In, class Out, class F>
void map_run(const std::byte* const x_bytes, std::int64_t x_stride, std::byte* y_bytes,
             std::int64_t y_stride, std::int64_t count, F f) {
  const In* x = reinterpret_cast<const In*>(x_bytes);
  Out* y = reinterpret_cast<Out*>(y_bytes);
  if (x_stride == 1 && y_stride == 1) {
    PLASTIC_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) y[i] = f(x[i]);
  } else if (x_stride == 0 && y_stride == 1) {
    std::fill_n(y, count, f(*x));
  } else {
    for (std::int64_t i = 0; i < count; ++i) y[i * y_stride] = f(x[i * x_stride]);
  }
}

template <class In, class Out, class F>
void map(const Array& in, const Array& out, F f) {
  Array arrays[] = {in, out};
  for_each_run(arrays,
               [&](std::byte* const* pointers, const std::int64_t* strides, std::int64_t count) {
                 map_run<In, Out>(pointers[0], strides[0], pointers[1], strides[1], count, f);
               });
}

template <class T, class Out, class F>
void zip_run(std::byte* const* pointers, const std::int64_t* strides, std::int64_t count, F f) {
  const T* a = reinterpret_cast<const T*>(pointers[0]);
  const T* b = reinterpret_cast<const T*>(pointers[1]);
  Out* y = reinterpret_cast<Out*>(pointers[2]);
  if (strides[0] == 1 && strides[1] == 1 && strides[2] == 1) {
    PLASTIC_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<Out>(f(a[i], b[i]));
  } else if (strides[0] == 1 && strides[1] == 0 && strides[2] == 1) {
    const T scalar = *b;
    PLASTIC_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<Out>(f(a[i], scalar));
  } else if (strides[0] == 0 && strides[1] == 1 && strides[2] == 1) {
    const T scalar = *a;
    PLASTIC_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<Out>(f(scalar, b[i]));
  } else {
    for (std::int64_t i = 0; i < count; ++i) {
      y[i * strides[2]] = static_cast<Out>(f(a[i * strides[0]], b[i * strides[1]]));
    }
  }
}

template <class T, class F>
void zip_run_of_three(std::byte* const* pointers, const std::int64_t* strides, std::int64_t count,
                      F f) {
  const T* a = reinterpret_cast<const T*>(pointers[0]);
  const T* b = reinterpret_cast<const T*>(pointers[1]);
  const T* c = reinterpret_cast<const T*>(pointers[2]);
  T* y = reinterpret_cast<T*>(pointers[3]);
  if (std::all_of(strides, strides + 4, [](std::int64_t stride) { return stride == 1; })) {
    PLASTIC_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) y[i] = f(a[i], b[i], c[i]);
  } else {
    for (std::int64_t i = 0; i < count; ++i) {
      y[i * strides[3]] = f(a[i * strides[0]], b[i * strides[1]], c[i * strides[2]]);
    }
  }
}

template <class T, class Out, class F>
void zip(const Array& a, const Array& b, const Array& out, F f) {
  Array arrays[] = {a, b, out};
  for_each_run(arrays, [&](std::byte* const* pointers, const std::int64_t* strides,
                           std::int64_t count) { zip_run<T, Out>(pointers, strides, count, f); });
}

}  // namespace

void CpuBackend::fill(const Array& out, const Number& value) {
  dispatch_stored(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    Array arrays[] = {out};
    for_each_run(arrays,
                 [&](std::byte* const* pointers, const std::int64_t* strides, std::int64_t count) {
                   T* y = reinterpret_cast<T*>(pointers[0]);
                   const T converted = number_as<T>(value);
                   if (strides[0] == 1) {
                     std::fill_n(y, count, converted);
                   } else {
                     for (std::int64_t i = 0; i < count; ++i) y[i * strides[0]] = converted;
                   }
                 });
  });
}

void CpuBackend::copy(const Array& in, const Array& out) {
  if (copy_transposed(in, out)) return;
  dispatch_stored(in.dtype, [&](auto from) {
    dispatch_stored(out.dtype, [&](auto to) {
      using Out = decltype(to);
      map<decltype(from), Out>(in, out, [](auto x) { return static_cast<Out>(x); });
    });
  });
}

// Operations refuse integers where a formula is for floating point only; what cannot be called is
// left out.
void CpuBackend::unary(Unary op, const UnaryParameters& parameters, const Array& in,
                       const Array& out) {
  dispatch("unary", in.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with(op, parameters, [&](auto f) {
      if constexpr (std::is_invocable_v<decltype(f), T>) map<T, T>(in, out, f);
    });
  });
}

void CpuBackend::unary_grad(Unary op, const UnaryParameters& parameters, const Array& saved,
                            const Array& grad, const Array& out) {
  dispatch_floating("backward", saved.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with_gradient(op, parameters, [&](auto f) { zip<T, T>(saved, grad, out, f); });
  });
}

void CpuBackend::binary(Binary op, const Array& a, const Array& b, const Array& out) {
  dispatch("binary", a.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with(op, [&](auto f) { zip<T, T>(a, b, out, f); });
  });
}

void CpuBackend::binary_number(Binary op, const Array& in, const Number& number, const Array& out) {
  dispatch("binary", in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T value = number_as<T>(number);
    rules::with(op, [&](auto f) { map<T, T>(in, out, [=](T x) { return f(x, value); }); });
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

#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "core/check.h"
#include "core/tensor/bfloat16.h"
#include "plastic/core/dtype.h"

namespace plastic {

/// What functions say to bf16 that neither compute with it nor are given it by operations.
[[noreturn]] inline void refuse_bf16(const char* op) {
  fail(op, "bf16 is not computed here; convert with .to(plastic::DType::f32)");
}

/// Calls f with a value of the C++ type that `dtype` stores: dispatch_stored(d, [&](auto zero) {
/// using T = decltype(zero); ... }). For what moves and converts elements.
template <class F>
void dispatch_stored(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f(float{});
    case DType::f64:
      return f(double{});
    case DType::bf16:
      return f(bfloat16{});
    case DType::i64:
      return f(std::int64_t{});
    case DType::u8:
      return f(std::uint8_t{});
  }
}

/// The same for the types that the CPU's kernels compute in; throws Error naming `op` for bf16.
template <class F>
void dispatch(const char* op, DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f(float{});
    case DType::f64:
      return f(double{});
    case DType::bf16:
      refuse_bf16(op);
    case DType::i64:
      return f(std::int64_t{});
    case DType::u8:
      return f(std::uint8_t{});
  }
}

/// What numbers that are stored as T are computed in.
template <class T>
using Computed = std::conditional_t<std::is_same_v<T, bfloat16>, float, T>;

/// The same for the floating-point types; throws Error naming `op` for others.
template <class F>
void dispatch_floating(const char* op, DType dtype, F&& f) {
  if (dtype == DType::f32) return f(float{});
  if (dtype == DType::f64) return f(double{});
  if (dtype == DType::bf16) refuse_bf16(op);
  fail(op, "needs f32 or f64, got ", name_of(dtype), "; convert with .to(plastic::DType::f32)");
}

/// The same with bf16 among them, for kernels that read and write it and compute in Computed<T>.
template <class F>
void dispatch_stored_floating(const char* op, DType dtype, F&& f) {
  if (dtype == DType::bf16) return f(bfloat16{});
  dispatch_floating(op, dtype, std::forward<F>(f));
}

}  // namespace plastic

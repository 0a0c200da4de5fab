#pragma once

#include <cstdint>
#include <utility>

#include "core/check.h"
#include "plastic/core/dtype.h"

namespace plastic {

/// Calls f with a value of the C++ type that `dtype` stores: dispatch(d, [&](auto zero) { using T =
/// decltype(zero); ... }).
template <class F>
void dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f(float{});
    case DType::f64:
      return f(double{});
    case DType::i64:
      return f(std::int64_t{});
    case DType::u8:
      return f(std::uint8_t{});
  }
}

/// The same for the floating-point types; throws Error naming `op` for others.
template <class F>
void dispatch_floating(const char* op, DType dtype, F&& f) {
  if (dtype == DType::f32) return f(float{});
  if (dtype == DType::f64) return f(double{});
  fail(op, "needs f32 or f64, got ", name_of(dtype), "; convert with .to(plastic::DType::f32)");
}

}  // namespace plastic

#pragma once

#include <cstddef>
#include <cstdint>

#include "plastic/core/link_check.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Element type of a tensor: f32 for training, f64 for gradient checks, i64 for labels and indices,
/// u8 for raw images, bf16 (the upper 16 bits of an f32) for activations (core/precision.h). What
/// is computed of bf16 is computed in f32 and rounded once.
enum class DType : std::uint8_t {
  /// 32-bit IEEE floating point, C++'s float.
  f32,
  /// 64-bit IEEE floating point, C++'s double.
  f64,
  /// Signed 64-bit integer.
  i64,
  /// Unsigned 8-bit integer.
  u8,
  /// The upper 16 bits of an f32: its range, with 8 bits of mantissa, the implicit one included.
  bf16,
};

/// Bytes of one element.
std::size_t size_of(DType dtype);

/// "f32", "f64", "i64", "u8" or "bf16".
const char* name_of(DType dtype);

/// True for f32, f64 and bf16, the types that can carry a gradient.
bool is_floating_point(DType dtype);

/// The DType that stores T; defined for float, double, std::int64_t and std::uint8_t.
template <class T>
DType dtype_of();

}  // namespace plastic

#pragma GCC visibility pop

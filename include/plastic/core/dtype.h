#pragma once

#include <cstddef>
#include <cstdint>

namespace plastic {

/// Element type of a tensor: f32 for training, f64 for gradient checks, i64 for labels and
/// indices, u8 for raw images.
enum class DType : std::uint8_t { f32, f64, i64, u8 };

/// Bytes of one element.
std::size_t size_of(DType dtype);

/// "f32", "f64", "i64" or "u8".
const char* name_of(DType dtype);

/// True for f32 and f64, the types that can carry a gradient.
bool is_floating_point(DType dtype);

/// The DType that stores T; defined for float, double, std::int64_t and std::uint8_t.
template <class T>
DType dtype_of();

}  // namespace plastic

#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "core/cpu/stored_vector.h"
#include "core/cpu/vector.h"
#include "core/tensor/bfloat16.h"

// Products of bf16 read 32 bits at a time, a unit: one term, widened to f32, or a pair of terms
// that are neighbours along k, as instructions for bf16 want them. Packing only moves units, so it
// is written once for both. They are kept as floats, with which nothing is computed here.

namespace plastic::cpu {

using Units = Vector<float>;
constexpr std::int64_t units_width = vector_width<float>;

/// Units of `terms` terms each, 1 or 2.
template <int terms>
class UnitsOf {
 public:
  /// Units from memory along which k runs: `count` terms, and zeros where they end within the
  /// vector.
  static Units along_k(const bfloat16* from, std::int64_t count) {
    if (count >= terms * units_width) return whole_along_k(from);
    bfloat16 padded[terms * units_width] = {};
    std::copy_n(from, std::max<std::int64_t>(count, 0), padded);
    return whole_along_k(padded);
  }

  /// Units of neighbouring rows or columns: `count` of them, and zeros beyond, from the memory of
  /// their first term and, in pairs, of their second one, which is null where k has ended.
  static Units across(const bfloat16* first, const bfloat16* second, std::int64_t count) {
    if (count >= units_width)
      return join(halves(first), second == nullptr ? Halves{} : halves(second));
    bfloat16 padded[2][units_width] = {};
    std::copy_n(first, count, padded[0]);
    if (second != nullptr) std::copy_n(second, count, padded[1]);
    return join(halves(padded[0]), halves(padded[1]));
  }

 private:
  using Halves = detail::Halves;
  using Words = detail::Words;

  static Halves halves(const bfloat16* from) {
    Halves out;
    std::memcpy(&out, from, sizeof(out));
    return out;
  }
  static Units join(Halves first, Halves second) {
    const Words low = __builtin_convertvector(first, Words);
    const Words words =
        terms == 1 ? low << 16 : low | (__builtin_convertvector(second, Words) << 16);
    return reinterpret_cast<Units>(words);
  }
  static Units whole_along_k(const bfloat16* from) {
    if constexpr (terms == 1) {
      return join(halves(from), Halves{});
    } else {
      Units out;
      std::memcpy(&out, from, sizeof(out));
      return out;
    }
  }
};

}  // namespace plastic::cpu

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/cpu/vector.h"
#include "core/tensor/bfloat16.h"
#include "core/tensor/dispatch.h"

// Vectors between memory, which holds numbers of a type S, and registers, in which they are
// computed in Computed<S>: bf16 is widened and rounded on the way.

namespace plastic::cpu {

namespace detail {

typedef std::uint16_t Halves __attribute__((vector_size(vector_bytes / 2)));
typedef std::uint32_t Words __attribute__((vector_size(vector_bytes)));

}  // namespace detail

template <class S>
inline Vector<Computed<S>> load_stored(const S* from) {
  return load(from);
}

template <>
inline Vector<float> load_stored(const bfloat16* from) {
  detail::Halves halves;
  std::memcpy(&halves, from, sizeof(halves));
  return reinterpret_cast<Vector<float>>(__builtin_convertvector(halves, detail::Words) << 16);
}

/// Rounds as bfloat16(float) does.
template <class S>
inline void store_rounded(S* to, Vector<Computed<S>> x) {
  store(to, x);
}

template <>
inline void store_rounded(bfloat16* to, Vector<float> x) {
  const auto words = reinterpret_cast<detail::Words>(x);
  const detail::Words rounded = (words + 0x7FFFU + ((words >> 16) & 1U)) >> 16;
  const detail::Words quiet = (words >> 16) | 0x40U;
  const auto halves = __builtin_convertvector(x == x ? rounded : quiet, detail::Halves);
  std::memcpy(to, &halves, sizeof(halves));
}

/// The first `count` numbers, and zeros.
template <class S>
Vector<Computed<S>> load_some(const S* from, std::int64_t count) {
  constexpr std::int64_t width = vector_width<Computed<S>>;
  if (count >= width) return load_stored(from);
  S values[width] = {};
  std::copy_n(from, count, values);
  return load_stored(values);
}

template <class S>
void store_some(S* to, Vector<Computed<S>> x, std::int64_t count) {
  constexpr std::int64_t width = vector_width<Computed<S>>;
  if (count >= width) return store_rounded(to, x);
  S values[width];
  store_rounded(values, x);
  std::copy_n(values, count, to);
}

}  // namespace plastic::cpu

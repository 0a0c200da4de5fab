#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace plastic::cpu {

/// Bytes of the widest vector register that this file is compiled for.
#if defined(__AVX512F__)
constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX__)
constexpr std::size_t vector_bytes = 32;
#else
constexpr std::size_t vector_bytes = 16;
#endif

/// How many registers there are.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int vector_registers = 32;
#else
constexpr int vector_registers = 16;
#endif

template <class T>
constexpr std::int64_t vector_width = static_cast<std::int64_t>(vector_bytes / sizeof(T));

template <class T>
struct VectorTypes {
  typedef T Register __attribute__((vector_size(vector_bytes)));
  typedef T InMemory __attribute__((vector_size(vector_bytes), aligned(alignof(T)), may_alias));
};

/// vector_width<T> numbers in a register: a vector extension of g++ and clang, with the arithmetic
/// of a number.
template <class T>
using Vector = typename VectorTypes<T>::Register;

template <class T>
inline Vector<T> load(const T* from) {
  return *reinterpret_cast<const typename VectorTypes<T>::InMemory*>(from);
}

template <class T>
inline void store(T* to, Vector<T> x) {
  *reinterpret_cast<typename VectorTypes<T>::InMemory*>(to) = x;
}

/// x in every place. (x - 0 keeps the sign of a zero, which x + 0 does not.)
template <class T>
inline Vector<T> broadcast(T x) {
  return x - Vector<T>{};
}

/// The sum of all places, pair by pair.
template <class T>
inline T sum_of(Vector<T> x) {
  for (std::int64_t half = vector_width<T> / 2; half > 0; half /= 2) {
    for (std::int64_t i = 0; i < half; ++i) x[i] += x[i + half];
  }
  return x[0];
}

namespace detail {

/// a0 b0 a1 b1 ... from the lower halves, or the upper ones.
template <class T, bool upper, std::size_t... I>
inline Vector<T> zip(Vector<T> a, Vector<T> b, std::index_sequence<I...>) {
  constexpr int width = static_cast<int>(vector_width<T>);
  constexpr int from = upper ? width / 2 : 0;
  return __builtin_shufflevector(a, b, (from + static_cast<int>(I) / 2 + (I % 2 ? width : 0))...);
}

}  // namespace detail

/// Transposes a square of vectors in place, by rounds of perfect shuffles.
template <class T>
inline void transpose(Vector<T> (&rows)[vector_width<T>]) {
  constexpr std::int64_t width = vector_width<T>;
  constexpr auto places = std::make_index_sequence<static_cast<std::size_t>(width)>();
  for (std::int64_t round = 1; round < width; round *= 2) {
    Vector<T> next[width];
    for (std::int64_t i = 0; i < width / 2; ++i) {
      next[2 * i] = detail::zip<T, false>(rows[i], rows[i + width / 2], places);
      next[2 * i + 1] = detail::zip<T, true>(rows[i], rows[i + width / 2], places);
    }
    for (std::int64_t i = 0; i < width; ++i) rows[i] = next[i];
  }
}

}  // namespace plastic::cpu

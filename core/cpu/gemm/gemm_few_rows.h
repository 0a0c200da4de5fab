#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/gemm/gemm_kernel.h"
#include "core/cpu/vector.h"

// Products in which few rows of A meet a B that is larger than they are: B is read once, where it
// lies, since a copy in panels would cost as much time as the sums.

namespace plastic::cpu {

/// Rows and columns of C that are summed side by side along k: as many as there are places in a
/// vector, so that one transposition joins all their partial sums.
template <class T>
constexpr int dot_tile_columns = vector_width<T> >= 16  ? 4
                                 : vector_width<T> >= 4 ? 2
                                                        : 1;
template <class T>
constexpr int dot_tile_rows = static_cast<int>(vector_width<T>) / dot_tile_columns<T>;

/// C (rows, columns) = A · Bᵀ, or added to C: row i of A is at a + i · lda, column j of B at
/// b + j · ldb, both dense.
template <class T>
struct DotTile {
  std::int64_t k = 0;
  const T* a = nullptr;
  std::int64_t lda = 0;
  const T* b = nullptr;
  std::int64_t ldb = 0;
  T* c = nullptr;
  std::int64_t ldc = 0;
  bool accumulate = false;
};

namespace detail {

/// Element i is the sum of vector i.
template <class T>
Vector<T> sums_of(Vector<T> (&terms)[vector_width<T>]) {
  transpose<T>(terms);
  for (std::int64_t half = vector_width<T> / 2; half > 0; half /= 2) {
    for (std::int64_t i = 0; i < half; ++i) terms[i] += terms[i + half];
  }
  return terms[0];
}

/// `count` numbers, fewer than a vector holds, and zeros.
template <class T>
Vector<T> load_tail(const T* from, std::int64_t count) {
  T values[vector_width<T>] = {};
  for (std::int64_t i = 0; i < count; ++i) values[i] = from[i];
  return load(values);
}

template <class T, int rows, int columns>
void dot_tile(const DotTile<T>& tile) {
  constexpr std::int64_t width = vector_width<T>;
  Vector<T> sum[width] = {};
  const auto add = [&](std::int64_t p, auto&& loaded) {
    Vector<T> right[columns];
#pragma GCC unroll 4
    for (int j = 0; j < columns; ++j) right[j] = loaded(tile.b + j * tile.ldb + p);
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i) {
      const Vector<T> left = loaded(tile.a + i * tile.lda + p);
#pragma GCC unroll 4
      for (int j = 0; j < columns; ++j) sum[i * columns + j] += left * right[j];
    }
  };
  // The processor's own prefetching stops at the end of each page. Measured for weights of 8 MB
  // that other layers drove out of the second cache: a tenth less time.
  constexpr std::int64_t ahead = 8 * width;
  const std::int64_t whole = tile.k / width * width;
  for (std::int64_t p = 0; p < whole; p += width) {
#pragma GCC unroll 4
    for (int j = 0; j < columns; ++j) __builtin_prefetch(tile.b + j * tile.ldb + p + ahead);
    add(p, [](const T* from) { return load(from); });
  }
  if (whole < tile.k) {
    add(whole, [&](const T* from) { return load_tail(from, tile.k - whole); });
  }
  T values[width];
  store(values, sums_of<T>(sum));
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      T& to = tile.c[i * tile.ldc + j];
      const T value = values[i * columns + j];
      to = tile.accumulate ? to + value : value;
    }
  }
}

template <class T, int rows>
void dot_tile_of(const DotTile<T>& tile, std::int64_t count, std::int64_t columns) {
  if (count < rows) {
    if constexpr (rows > 1) dot_tile_of<T, rows - 1>(tile, count, columns);
  } else if (columns == dot_tile_columns<T>) {
    dot_tile<T, rows, dot_tile_columns<T>>(tile);
  } else {
    DotTile<T> one = tile;
    for (std::int64_t j = 0; j < columns; ++j, one.b += tile.ldb, ++one.c) {
      dot_tile<T, rows, 1>(one);
    }
  }
}

}  // namespace detail

/// One tile: 1 <= rows <= dot_tile_rows, 1 <= columns <= dot_tile_columns.
template <class T>
void multiply_dots(const DotTile<T>& tile, std::int64_t rows, std::int64_t columns) {
  detail::dot_tile_of<T, dot_tile_rows<T>>(tile, rows, columns);
}

}  // namespace plastic::cpu

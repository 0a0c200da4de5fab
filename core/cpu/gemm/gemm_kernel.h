#pragma once

#include <cstdint>

#include "core/cpu/vector.h"

// The innermost loop of every product: a tile of C, kept in registers while k runs.

namespace plastic::cpu {

/// Columns of a tile: two vectors, so that a number of A that was loaded serves twice.
template <class T>
constexpr std::int64_t tile_columns = 2 * vector_width<T>;

/// Most rows of a tile: what the registers hold beside two vectors of B and one of A.
constexpr int max_tile_rows = (vector_registers - 3) / 2;

/// C (rows, columns) = A (rows, k) · B (k, columns), or added to C.
template <class T>
struct TileProduct {
  std::int64_t k = 0;
  /// Element (i, p) is at a[i · a_row + p · a_k].
  const T* a = nullptr;
  std::int64_t a_row = 0, a_k = 0;
  /// Row p is at b + p · b_k, tile_columns long, or half of it where `columns` fits into half.
  const T* b = nullptr;
  std::int64_t b_k = tile_columns<T>;
  T* c = nullptr;
  std::int64_t ldc = 0;
  bool accumulate = false;
};

namespace detail {

/// Rows of A whose addresses are found from one pointer and two registers, 1 and 3 times the
/// distance of rows: with a register for each row, some would be read from memory in every step.
constexpr int rows_of_base = 5;
static_assert(max_tile_rows <= 3 * rows_of_base);

template <class T, int rows, int vectors>
void tile_product(const TileProduct<T>& tile) {
  constexpr std::int64_t width = vector_width<T>;
  Vector<T> sum[rows][vectors] = {};
  const T* a = tile.a;
  const T* b = tile.b;
  const std::int64_t a_row = tile.a_row;
  for (std::int64_t p = 0; p < tile.k; ++p, a += tile.a_k, b += tile.b_k) {
    const T* const bases[] = {a, a + rows_of_base * a_row, a + 2 * rows_of_base * a_row};
    Vector<T> right[vectors];
#pragma GCC unroll 2
    for (int j = 0; j < vectors; ++j) right[j] = load(b + j * width);
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
      const Vector<T> left = broadcast(bases[i / rows_of_base][i % rows_of_base * a_row]);
#pragma GCC unroll 2
      for (int j = 0; j < vectors; ++j) sum[i][j] += left * right[j];
    }
  }
  T* const c = tile.c;
  const std::int64_t ldc = tile.ldc;
  if (tile.accumulate) {
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 2
      for (int j = 0; j < vectors; ++j) sum[i][j] = load(c + i * ldc + j * width) + sum[i][j];
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 2
    for (int j = 0; j < vectors; ++j) store(c + i * ldc + j * width, sum[i][j]);
  }
}

template <class T, int rows>
void tile_product_of(const TileProduct<T>& tile, int count, bool half) {
  if (count < rows) {
    if constexpr (rows > 1) tile_product_of<T, rows - 1>(tile, count, half);
  } else if (half) {
    tile_product<T, rows, 1>(tile);
  } else {
    tile_product<T, rows, 2>(tile);
  }
}

}  // namespace detail

/// One tile: 1 <= rows <= max_tile_rows, 1 <= columns <= tile_columns.
template <class T>
void multiply_tile(const TileProduct<T>& tile, int rows, std::int64_t columns) {
  constexpr std::int64_t width = vector_width<T>;
  const bool half = columns <= width;
  if (columns == width || columns == tile_columns<T>) {
    return detail::tile_product_of<T, max_tile_rows>(tile, rows, half);
  }
  // The vectors reach beyond the last column: into a tile of our own, and from there.
  T buffer[max_tile_rows * tile_columns<T>];
  TileProduct<T> whole = tile;
  whole.c = buffer;
  whole.ldc = tile_columns<T>;
  whole.accumulate = false;
  detail::tile_product_of<T, max_tile_rows>(whole, rows, half);
  for (int i = 0; i < rows; ++i) {
    T* to = tile.c + i * tile.ldc;
    const T* from = buffer + i * tile_columns<T>;
    for (std::int64_t j = 0; j < columns; ++j) to[j] = tile.accumulate ? to[j] + from[j] : from[j];
  }
}

/// C (rows, columns) for any number of rows, as many tiles as they need, of about equal height.
template <class T>
void multiply_rows(const TileProduct<T>& product, std::int64_t rows, std::int64_t columns) {
  const std::int64_t tiles = (rows + max_tile_rows - 1) / max_tile_rows;
  for (std::int64_t i = 0; i < tiles; ++i) {
    const std::int64_t first = rows * i / tiles;
    TileProduct<T> tile = product;
    tile.a += first * product.a_row;
    tile.c += first * product.ldc;
    multiply_tile(tile, static_cast<int>(rows * (i + 1) / tiles - first), columns);
  }
}

}  // namespace plastic::cpu

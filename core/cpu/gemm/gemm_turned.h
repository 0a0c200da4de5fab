#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/gemm/gemm_kernel.h"
#include "core/cpu/gemm/gemm_pack.h"
#include "core/cpu/gemm/gemm_parts.h"
#include "core/cpu/scratch.h"
#include "core/cpu/vector.h"
#include "core/threads/parallel.h"

// Products that are computed as Cᵀ = Bᵀ·Aᵀ: what is packed is A, which is smaller than B, and B is
// read where it lies.

namespace plastic::cpu {

/// Rows from which on it pays to pack A instead of B, and numbers of it up to which it does: it
/// must stay in the second cache.
constexpr std::int64_t turned_rows = 13;
constexpr std::int64_t turned_size = 1 << 18;
/// Columns of C that are summed side by side before they are stored.
template <class T>
constexpr std::int64_t turned_columns = 4 * vector_width<T>;

namespace detail {

/// One square of a transposed tile, `rows` of whose vectors are part of C.
template <class T>
void store_square(const T* tile, std::int64_t rows, T* c, std::int64_t ldc) {
  Vector<T> square[vector_width<T>];
  for (std::int64_t j = 0; j < vector_width<T>; ++j) square[j] = load(tile + j * tile_columns<T>);
  transpose<T>(square);
  for (std::int64_t i = 0; i < rows; ++i) store(c + i * ldc, square[i]);
}

}  // namespace detail

/// C (rows, columns) from its transpose, whose rows lie tile_columns apart: at most so many rows.
template <class T>
void store_turned(const T* tile, std::int64_t rows, std::int64_t columns, T* c, std::int64_t ldc) {
  constexpr std::int64_t width = vector_width<T>;
  std::int64_t j = 0;
  for (; j + width <= columns; j += width) {
    for (std::int64_t i = 0; i < rows; i += width) {
      detail::store_square(tile + j * tile_columns<T> + i, std::min(width, rows - i),
                           c + i * ldc + j, ldc);
    }
  }
  for (; j < columns; ++j) {
    for (std::int64_t i = 0; i < rows; ++i) c[i * ldc + j] = tile[j * tile_columns<T> + i];
  }
}

/// The same product with the operands exchanged, whose result is the transpose of C.
inline Gemm turned(const Gemm& g) {
  return {.dtype = g.dtype,
          .m = g.n,
          .n = g.m,
          .k = g.k,
          .a = g.b,
          .lda = g.ldb,
          .transpose_a = !g.transpose_b,
          .b = g.a,
          .ldb = g.lda,
          .transpose_b = !g.transpose_a};
}

/// Whether turned_product() suits: most places of its vectors are used, and A is smaller than B.
template <class T>
bool turns(const Gemm& g) {
  const std::int64_t places = (g.m + vector_width<T> - 1) / vector_width<T> * vector_width<T>;
  return g.m >= turned_rows && 4 * g.m >= 3 * places && 2 * g.m <= g.n && g.m * g.k <= turned_size;
}

/// Columns of B, which are read where they are, times rows of A, which are packed.
template <class T>
void turned_product(const Gemm& g) {
  constexpr std::int64_t width = vector_width<T>;
  const Gemm other = turned(g);
  const Scratch<T> panels(packed_size<T>(g.k, g.m));
  pack(other, 0, g.k, panels.data());
  const std::int64_t strips = (g.n + width - 1) / width;
  const std::int64_t strip_work = g.m * g.k * width;
  parallel_for(0, strips, (parallel_work + strip_work - 1) / strip_work,
               [&](std::int64_t first, std::int64_t last) {
                 const std::int64_t begin = first * width;
                 const std::int64_t end = std::min(last * width, g.n);
                 alignas(vector_bytes) T sums[turned_columns<T> * tile_columns<T>];
                 TileProduct<T> product = products_of<T>(other, 0);
                 product.ldc = tile_columns<T>;
                 for (std::int64_t j = begin; j < end; j += turned_columns<T>) {
                   const std::int64_t columns = std::min(turned_columns<T>, end - j);
                   for (std::int64_t i = 0; i < g.m; i += tile_columns<T>) {
                     const std::int64_t rows = std::min(tile_columns<T>, g.m - i);
                     const std::int64_t places = rows <= width ? width : tile_columns<T>;
                     const std::int64_t tiles = (columns + max_tile_rows - 1) / max_tile_rows;
                     // All of a tile's terms, so that columns of B are read to their ends.
                     for (std::int64_t t = 0; t < tiles; ++t) {
                       const std::int64_t at = columns * t / tiles;
                       const std::int64_t count = columns * (t + 1) / tiles - at;
                       product.c = sums + at * tile_columns<T>;
                       for (std::int64_t k0 = 0; k0 < g.k; k0 += block_k) {
                         product.k = std::min(block_k, g.k - k0);
                         product.a = static_cast<const T*>(g.b) + (j + at) * product.a_row + k0;
                         product.b = panels.data() + i * g.k + k0 * tile_columns<T>;
                         product.accumulate = k0 > 0;
                         multiply_tile(product, static_cast<int>(count), places);
                       }
                     }
                     store_turned(sums, rows, columns, static_cast<T*>(g.c) + i * g.ldc + j, g.ldc);
                   }
                 }
                 finish<T>(g, {0, g.m, begin, end - begin});
               });
}

}  // namespace plastic::cpu

// Matrix products. B is packed into panels, which all threads share; then the threads split C. An
// element of C is summed in the same order whatever the number of threads.
#include <algorithm>

#include "core/cpu/cpu_backend.h"
#include "core/cpu/gemm/dropout_row.h"
#include "core/cpu/gemm/finish_row.h"
#include "core/cpu/gemm/gemm_kernel.h"
#include "core/cpu/gemm/gemm_pack.h"
#include "core/cpu/scratch.h"
#include "core/tensor/dispatch.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// Multiply-adds below which a product is not worth a second thread.
constexpr std::int64_t parallel_work = 1 << 17;
/// Numbers below which packing is not.
constexpr std::int64_t parallel_packing = 1 << 14;
/// Longest k summed at a time: a panel of B must stay in the second cache.
constexpr std::int64_t block_k = 1024;
/// Bytes of A that stay in the second cache while the panels pass by.
constexpr std::int64_t block_a_bytes = std::int64_t{512} * 1024;
/// Rows below which columns of B are not worth packing: too few would read the panel.
constexpr std::int64_t dot_rows = 4;

/// Rows [row, row + rows) and columns [column, column + columns) of C.
struct Part {
  std::int64_t row, rows, column, columns;
};

/// Splits C over the threads, where the work is worth it: by rows, which come out even, or by whole
/// panels of columns where there are many more of these, so that parts stay close to square.
template <class Body>
void for_each_part(const Gemm& g, std::int64_t column_step, Body&& body) {
  const bool by_rows = 2 * g.m >= g.n;
  const std::int64_t step = by_rows ? 1 : column_step;
  const std::int64_t length = by_rows ? g.m : g.n;
  const std::int64_t strip_work = step * std::min(g.m, g.n) * std::max<std::int64_t>(g.k, 1);
  parallel_for(0, (length + step - 1) / step, (parallel_work + strip_work - 1) / strip_work,
               [&](std::int64_t first, std::int64_t last) {
                 const std::int64_t begin = first * step;
                 const std::int64_t size = std::min(last * step, length) - begin;
                 body(by_rows ? Part{begin, size, 0, g.n} : Part{0, g.m, begin, size});
               });
}

/// What follows the sums: bias, ReLU, dropout.
template <class T>
void finish(const Gemm& g, const Part& part) {
  if (g.bias == nullptr && !g.relu && g.dropout == 0) return;
  const T* bias = g.bias == nullptr ? nullptr : static_cast<const T*>(g.bias) + part.column;
  for (std::int64_t i = part.row; i < part.row + part.rows; ++i) {
    T* c = static_cast<T*>(g.c) + i * g.ldc + part.column;
    finish_row(bias, g.relu, part.columns, c);
    if (g.dropout > 0) dropout_row(g.dropout, g.at, i * g.n + part.column, part.columns, c);
  }
}

/// Packs rows [k0, k0 + k) of B.
template <class T>
void pack(const Gemm& g, std::int64_t k0, std::int64_t k, T* panels) {
  const T* b = static_cast<const T*>(g.b);
  parallel_for(0, panel_count<T>(g.n),
               std::max<std::int64_t>(1, parallel_packing / (k * tile_columns<T>)),
               [&](std::int64_t first, std::int64_t last) {
                 for (std::int64_t i = first; i < last; ++i) {
                   const std::int64_t j = i * tile_columns<T>;
                   const std::int64_t columns = std::min(tile_columns<T>, g.n - j);
                   T* panel = panels + j * k;
                   if (g.transpose_b) {
                     pack_panel_transposed(b + j * g.ldb + k0, g.ldb, k, columns, panel);
                   } else {
                     pack_panel(b + k0 * g.ldb + j, g.ldb, k, columns, panel);
                   }
                 }
               });
}

/// Products with k terms of A from its beginning on; B and C are left to be set.
template <class T>
TileProduct<T> products_of(const Gemm& g, std::int64_t k) {
  return {.k = k,
          .a = static_cast<const T*>(g.a),
          .a_row = g.transpose_a ? 1 : g.lda,
          .a_k = g.transpose_a ? g.lda : 1,
          .ldc = g.ldc};
}

/// A part of C from packed panels, block of rows by block of rows.
template <class T>
void multiply_packed(const Gemm& g, const Part& part, std::int64_t k0, std::int64_t k,
                     const T* panels) {
  TileProduct<T> product = products_of<T>(g, k);
  product.accumulate = k0 > 0;
  const std::int64_t block = std::max<std::int64_t>(
      max_tile_rows, block_a_bytes / (k * static_cast<std::int64_t>(sizeof(T))));
  for (std::int64_t row = 0; row < part.rows; row += block) {
    const std::int64_t i = part.row + row;
    product.a = static_cast<const T*>(g.a) + i * product.a_row + k0 * product.a_k;
    for (std::int64_t column = 0; column < part.columns; column += tile_columns<T>) {
      const std::int64_t j = part.column + column;
      product.b = panels + j * k;
      product.c = static_cast<T*>(g.c) + i * g.ldc + j;
      multiply_rows(product, std::min(block, part.rows - row),
                    std::min(tile_columns<T>, part.columns - column));
    }
  }
}

template <class T>
void packed_product(const Gemm& g) {
  const Scratch<T> panels(packed_size<T>(std::min(g.k, block_k), g.n));
  for (std::int64_t k0 = 0; k0 < g.k; k0 += block_k) {
    const std::int64_t k = std::min(block_k, g.k - k0);
    pack(g, k0, k, panels.data());
    for_each_part(g, tile_columns<T>, [&](const Part& part) {
      multiply_packed(g, part, k0, k, panels.data());
      if (k0 + k == g.k) finish<T>(g, part);
    });
  }
}

/// Dot products along k of one row with `columns` columns, stored beside one another.
template <class T, int columns>
void dots(const T* a, const T* b, std::int64_t ldb, std::int64_t k, T* c) {
  constexpr std::int64_t width = vector_width<T>;
  Vector<T> total[columns] = {};
  const std::int64_t whole_k = k / width * width;
  for (std::int64_t first = 0; first < whole_k; first += block_k * width) {
    const std::int64_t end = std::min(whole_k, first + block_k * width);
    Vector<T> sum[columns] = {};
    for (std::int64_t p = first; p < end; p += width) {
      const Vector<T> left = load(a + p);
      for (int j = 0; j < columns; ++j) sum[j] += left * load(b + j * ldb + p);
    }
    for (int j = 0; j < columns; ++j) total[j] += sum[j];
  }
  for (int j = 0; j < columns; ++j) {
    T value = sum_of<T>(total[j]);
    for (std::int64_t p = whole_k; p < k; ++p) value += a[p] * b[j * ldb + p];
    c[j] = value;
  }
}

/// Few rows and B stored as columns.
template <class T>
void dot_product(const Gemm& g) {
  constexpr std::int64_t together = 4;
  for_each_part(g, 1, [&](const Part& part) {
    const std::int64_t column_end = part.column + part.columns;
    for (std::int64_t i = part.row; i < part.row + part.rows; ++i) {
      const T* a = static_cast<const T*>(g.a) + i * g.lda;
      const T* b = static_cast<const T*>(g.b);
      T* c = static_cast<T*>(g.c) + i * g.ldc;
      std::int64_t j = part.column;
      for (; j + together <= column_end; j += together) {
        dots<T, together>(a, b + j * g.ldb, g.ldb, g.k, c + j);
      }
      for (; j < column_end; ++j) dots<T, 1>(a, b + j * g.ldb, g.ldb, g.k, c + j);
    }
    finish<T>(g, part);
  });
}

/// One tile's rows and B stored as rows, which are read where they are; only a last panel that is
/// not full needs packing, lest vectors reach beyond B.
template <class T>
void unpacked_product(const Gemm& g) {
  const std::int64_t whole = g.n / tile_columns<T> * tile_columns<T>;
  const Scratch<T> last(whole == g.n ? 0 : g.k * tile_columns<T>);
  if (whole < g.n) {
    pack_panel(static_cast<const T*>(g.b) + whole, g.ldb, g.k, g.n - whole, last.data());
  }
  const TileProduct<T> product = products_of<T>(g, block_k);
  const std::int64_t panel_work = g.m * g.k * tile_columns<T>;
  parallel_for(0, panel_count<T>(g.n), (parallel_work + panel_work - 1) / panel_work,
               [&](std::int64_t first, std::int64_t end) {
                 for (std::int64_t i = first; i < end; ++i) {
                   const std::int64_t j = i * tile_columns<T>;
                   TileProduct<T> tile = product;
                   tile.b = j < whole ? static_cast<const T*>(g.b) + j : last.data();
                   tile.b_k = j < whole ? g.ldb : tile_columns<T>;
                   tile.c = static_cast<T*>(g.c) + j;
                   const std::int64_t columns = std::min(tile_columns<T>, g.n - j);
                   for (std::int64_t k0 = 0; k0 < g.k; k0 += block_k) {
                     tile.k = std::min(block_k, g.k - k0);
                     tile.accumulate = k0 > 0;
                     multiply_tile(tile, static_cast<int>(g.m), columns);
                     tile.a += tile.k * tile.a_k;
                     tile.b += tile.k * tile.b_k;
                   }
                   finish<T>(g, {0, g.m, j, columns});
                 }
               });
}

template <class T>
void multiply(const Gemm& g) {
  if (g.k == 0) {
    for (std::int64_t i = 0; i < g.m; ++i) {
      std::fill_n(static_cast<T*>(g.c) + i * g.ldc, g.n, T{0});
    }
    return finish<T>(g, {0, g.m, 0, g.n});
  }
  if (g.transpose_b && !g.transpose_a && g.m <= dot_rows) return dot_product<T>(g);
  if (!g.transpose_b && g.m <= max_tile_rows) return unpacked_product<T>(g);
  packed_product<T>(g);
}

}  // namespace

void CpuBackend::gemm(const Gemm& g) {
  if (g.m == 0 || g.n == 0) return;
  dispatch_floating("gemm", g.dtype, [&](auto zero) { multiply<decltype(zero)>(g); });
}

}  // namespace plastic::cpu

#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/gemm/dropout_row.h"
#include "core/cpu/gemm/finish_row.h"
#include "core/cpu/gemm/gemm_kernel.h"
#include "core/cpu/gemm/gemm_pack.h"
#include "core/device/backend.h"
#include "core/threads/parallel.h"

// What the ways to compute a product have in common.

namespace plastic::cpu {

/// Multiply-adds below which a product is not worth a second thread.
constexpr std::int64_t parallel_work = 1 << 17;
/// Numbers below which packing is not.
constexpr std::int64_t parallel_packing = 1 << 14;
/// Longest k summed at a time: a panel of B must stay in the second cache.
constexpr std::int64_t block_k = 1024;

/// Rows [row, row + rows) and columns [column, column + columns) of C.
struct Part {
  std::int64_t row, rows, column, columns;
};

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

}  // namespace plastic::cpu

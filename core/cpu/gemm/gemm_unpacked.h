#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/gemm/gemm_kernel.h"
#include "core/cpu/gemm/gemm_pack.h"
#include "core/cpu/gemm/gemm_parts.h"
#include "core/cpu/scratch.h"
#include "core/threads/parallel.h"
#include "plastic/core/device.h"

// Products of few rows of A with a B that is stored as rows, which are read where they lie.

namespace plastic::cpu {

/// Rows up to which rows of B are read where they are, so many at a time that they stay in the
/// nearest cache however far apart they lie, and the longest k: what each block adds up to is added
/// to the sum one after the other.
constexpr std::int64_t unpacked_rows = 32;
constexpr std::int64_t unpacked_k = 8192;
constexpr std::int64_t row_block_k = 64;
/// Rows up to which threads share such a B by rows, so many in a share, and numbers in it up to
/// which they do.
constexpr std::int64_t share_rows = 16;
constexpr std::int64_t share_k = 128;
constexpr std::int64_t share_size = 1 << 20;
/// Bytes of C that stay in the second cache meanwhile.
constexpr std::int64_t block_c_bytes = std::int64_t{256} * 1024;

/// Products with rows of B, a block of which at a time are read where they are, one after the
/// other; only a last panel that is not full needs packing, lest vectors reach beyond B.
template <class T>
class UnpackedRows {
 public:
  explicit UnpackedRows(const Gemm& g)
      : g_(g),
        whole_(g.n / tile_columns<T> * tile_columns<T>),
        last_panel_(whole_ == g.n ? 0 : g.k * tile_columns<T>) {
    if (whole_ == g.n) return;
    pack_panel(static_cast<const T*>(g.b) + whole_, g.ldb, g.k, g.n - whole_, last_panel_.data());
  }

  /// Rows [begin, end) of B and panels [first, last) of it: C, which is at `c`, is set.
  void multiply(std::int64_t begin, std::int64_t end, std::int64_t first, std::int64_t last, T* c,
                std::int64_t ldc) const {
    constexpr std::int64_t width = tile_columns<T>;
    for (std::int64_t k0 = begin; k0 < end; k0 += row_block_k) {
      TileProduct<T> product = products_of<T>(g_, std::min(row_block_k, end - k0));
      product.a += k0 * product.a_k;
      product.ldc = ldc;
      product.accumulate = k0 > begin;
      for (std::int64_t i = first; i < last; ++i) {
        const std::int64_t j = i * width;
        product.b = j < whole_ ? static_cast<const T*>(g_.b) + k0 * g_.ldb + j
                               : last_panel_.data() + k0 * width;
        product.b_k = j < whole_ ? g_.ldb : width;
        product.c = c + j;
        multiply_rows(product, g_.m, std::min(width, g_.n - j));
      }
    }
  }

 private:
  const Gemm& g_;
  std::int64_t whole_;
  Scratch<T> last_panel_;
};

/// Few rows, and B stored as rows.
template <class T>
void unpacked_product(const Gemm& g) {
  constexpr std::int64_t width = tile_columns<T>;
  const UnpackedRows<T> rows(g);
  // Panels whose part of C stays in the second cache.
  const std::int64_t together = std::max<std::int64_t>(
      1, block_c_bytes / (g.m * width * static_cast<std::int64_t>(sizeof(T))));
  const std::int64_t panel_work = g.m * g.k * width;
  parallel_for(0, panel_count<T>(g.n), (parallel_work + panel_work - 1) / panel_work,
               [&](std::int64_t first, std::int64_t end) {
                 for (std::int64_t i0 = first; i0 < end; i0 += together) {
                   const std::int64_t i1 = std::min(end, i0 + together);
                   rows.multiply(0, g.k, i0, i1, static_cast<T*>(g.c), g.ldc);
                   finish<T>(g, {0, g.m, i0 * width, std::min(i1 * width, g.n) - i0 * width});
                 }
               });
}

/// The same for very few rows and a B that the threads' caches hold together: each thread reads
/// those rows of it that it also reads, writes and updates elsewhere, and the sums over shares of
/// rows, which depend on sizes alone, are added up in order. Half of every row, as
/// unpacked_product() has it with two threads, would come out of the other thread's cache, and soon
/// go back.
template <class T>
void shared_rows_product(const Gemm& g) {
  const UnpackedRows<T> rows(g);
  const std::int64_t shares = (g.k + share_k - 1) / share_k;
  const std::int64_t panels = panel_count<T>(g.n);
  const std::int64_t groups = std::min<std::int64_t>(panels, (num_threads() + shares - 1) / shares);
  const std::int64_t size = g.m * g.n;
  const Scratch<T> sums(shares * size);
  const std::int64_t work = std::max<std::int64_t>(1, size * share_k / groups);
  parallel_for(0, shares * groups, (parallel_work + work - 1) / work,
               [&](std::int64_t first, std::int64_t last) {
                 for (std::int64_t i = first; i < last; ++i) {
                   const std::int64_t share = i / groups;
                   const std::int64_t group = i % groups;
                   rows.multiply(share * share_k, std::min(g.k, (share + 1) * share_k),
                                 panels * group / groups, panels * (group + 1) / groups,
                                 sums.data() + share * size, g.n);
                 }
               });
  parallel_for(0, g.m, std::max<std::int64_t>(1, parallel_packing / g.n),
               [&](std::int64_t first, std::int64_t last) {
                 for (std::int64_t i = first; i < last; ++i) {
                   T* c = static_cast<T*>(g.c) + i * g.ldc;
                   const T* sum = sums.data() + i * g.n;
                   std::copy_n(sum, g.n, c);
                   for (std::int64_t share = 1; share < shares; ++share) {
                     sum += size;
                     for (std::int64_t j = 0; j < g.n; ++j) c[j] += sum[j];
                   }
                 }
                 finish<T>(g, {first, last - first, 0, g.n});
               });
}

}  // namespace plastic::cpu

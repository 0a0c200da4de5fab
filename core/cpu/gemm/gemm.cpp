// Matrix products. What is packed, and how threads share the work, depends on the shape: see
// multiply(). An element of C is summed in the same order whatever the number of threads.
#include <algorithm>

#include "core/cpu/cpu_backend.h"
#include "core/cpu/gemm/gemm_few_rows.h"
#include "core/cpu/gemm/gemm_kernel.h"
#include "core/cpu/gemm/gemm_pack.h"
#include "core/cpu/gemm/gemm_parts.h"
#include "core/cpu/gemm/gemm_turned.h"
#include "core/cpu/gemm/gemm_unpacked.h"
#include "core/cpu/scratch.h"
#include "core/cpu/weight_form.h"
#include "core/tensor/dispatch.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// Bytes of A that stay in the second cache while the panels pass by.
constexpr std::int64_t block_a_bytes = std::int64_t{512} * 1024;
/// Rows up to which columns of B are not worth packing: too few would read the panel. And terms of
/// these that are summed at a time.
constexpr std::int64_t dot_rows = 32;
constexpr std::int64_t dot_block_k = 2048;
/// Rows from which on it pays to keep columns packed, where they are a weight that does not change.
constexpr std::int64_t kept_rows = 5;
/// Rows up to which each thread packs what it needs of B, which then never leaves its cache. Rows
/// of B are read several panels wide, lest every vector be in a page of its own, and some of these
/// at a time.
constexpr std::int64_t panel_rows = 256;
constexpr std::int64_t panels_together = 16;
constexpr std::int64_t panel_block_k = 128;
/// Terms of a sum that are few.
constexpr std::int64_t few_terms = 128;

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

/// Rows [k0, k0 + k) of columns [begin, end) of B as panels.
template <class T>
void pack_columns(const Gemm& g, std::int64_t begin, std::int64_t end, std::int64_t k0,
                  std::int64_t k, T* panels) {
  constexpr std::int64_t width = tile_columns<T>;
  const T* b = static_cast<const T*>(g.b);
  if (g.transpose_b) {
    for (std::int64_t j = begin; j < end; j += width) {
      pack_panel_transposed(b + j * g.ldb + k0, g.ldb, k, std::min(width, end - j),
                            panels + (j - begin) * k);
    }
    return;
  }
  // Row by row, as they lie in memory.
  for (std::int64_t p = 0; p < k; ++p) {
    for (std::int64_t j = begin; j < end; j += width) {
      pack_panel(b + (k0 + p) * g.ldb + j, g.ldb, 1, std::min(width, end - j),
                 panels + (j - begin) * k + p * width);
    }
  }
}

/// A part of C from packed panels, block of rows by block of rows. Panels are `panel_k` rows long,
/// of which `panels` begins with the first.
template <class T>
void multiply_packed(const Gemm& g, const Part& part, std::int64_t k0, std::int64_t k,
                     const T* panels, std::int64_t panel_k) {
  TileProduct<T> product = products_of<T>(g, k);
  product.accumulate = k0 > 0;
  // With few terms what counts is writing C, which is done in the order of memory.
  const std::int64_t block =
      k <= few_terms
          ? max_tile_rows
          : std::max<std::int64_t>(max_tile_rows,
                                   block_a_bytes / (k * static_cast<std::int64_t>(sizeof(T))));
  for (std::int64_t row = 0; row < part.rows; row += block) {
    const std::int64_t i = part.row + row;
    product.a = static_cast<const T*>(g.a) + i * product.a_row + k0 * product.a_k;
    for (std::int64_t column = 0; column < part.columns; column += tile_columns<T>) {
      const std::int64_t j = part.column + column;
      product.b = panels + j * panel_k;
      product.c = static_cast<T*>(g.c) + i * g.ldc + j;
      multiply_rows(product, std::min(block, part.rows - row),
                    std::min(tile_columns<T>, part.columns - column));
    }
  }
}

/// With columns of B that an earlier call packed, or that this one packs to be kept.
template <class T>
void kept_product(const Gemm& g) {
  const FormKind kind = {static_cast<std::int64_t>(FormOf::packed_columns),
                         sizeof(T),
                         vector_width<T>,
                         g.n,
                         g.k,
                         g.ldb};
  const MadeOf<T> panels(g.b, kind, packed_size<T>(g.k, g.n), [&](T* to) {
    pack(g, 0, g.k, to);
    return true;
  });
  for_each_part(g, tile_columns<T>, [&](const Part& part) {
    for (std::int64_t k0 = 0; k0 < g.k; k0 += block_k) {
      multiply_packed(g, part, k0, std::min(block_k, g.k - k0),
                      panels.data() + k0 * tile_columns<T>, g.k);
    }
    finish<T>(g, part);
  });
}

template <class T>
void packed_product(const Gemm& g) {
  const Scratch<T> panels(packed_size<T>(std::min(g.k, block_k), g.n));
  for (std::int64_t k0 = 0; k0 < g.k; k0 += block_k) {
    const std::int64_t k = std::min(block_k, g.k - k0);
    pack(g, k0, k, panels.data());
    for_each_part(g, tile_columns<T>, [&](const Part& part) {
      multiply_packed(g, part, k0, k, panels.data(), k);
      if (k0 + k == g.k) finish<T>(g, part);
    });
  }
}

/// Few rows and B stored as columns, which are read once, where they are.
template <class T>
void dot_product(const Gemm& g) {
  constexpr std::int64_t columns = dot_tile_columns<T>;
  const std::int64_t strip_work = g.m * columns * g.k;
  parallel_for(0, (g.n + columns - 1) / columns, (parallel_work + strip_work - 1) / strip_work,
               [&](std::int64_t first, std::int64_t last) {
                 for (std::int64_t strip = first; strip < last; ++strip) {
                   const std::int64_t j = strip * columns;
                   for (std::int64_t k0 = 0; k0 < g.k; k0 += dot_block_k) {
                     for (std::int64_t i = 0; i < g.m; i += dot_tile_rows<T>) {
                       multiply_dots<T>({.k = std::min(dot_block_k, g.k - k0),
                                         .a = static_cast<const T*>(g.a) + i * g.lda + k0,
                                         .lda = g.lda,
                                         .b = static_cast<const T*>(g.b) + j * g.ldb + k0,
                                         .ldb = g.ldb,
                                         .c = static_cast<T*>(g.c) + i * g.ldc + j,
                                         .ldc = g.ldc,
                                         .accumulate = k0 > 0},
                                        std::min<std::int64_t>(dot_tile_rows<T>, g.m - i),
                                        std::min(columns, g.n - j));
                     }
                   }
                 }
                 const std::int64_t begin = first * columns;
                 finish<T>(g, {0, g.m, begin, std::min(last * columns, g.n) - begin});
               });
}

/// B packed by the threads that multiply with it, a few panels at a time, which stay in the second
/// cache.
template <class T>
void panel_product(const Gemm& g) {
  constexpr std::int64_t width = tile_columns<T>;
  const std::int64_t together = g.transpose_b ? 1 : panels_together;
  const std::int64_t longest = std::min(g.k, g.transpose_b ? block_k : panel_block_k);
  const std::int64_t panel_work = g.m * g.k * width;
  parallel_for(0, panel_count<T>(g.n), (parallel_work + panel_work - 1) / panel_work,
               [&](std::int64_t first, std::int64_t last) {
                 const Scratch<T> packed(longest * width * together);
                 TileProduct<T> product = products_of<T>(g, longest);
                 for (std::int64_t i0 = first; i0 < last; i0 += together) {
                   const std::int64_t i1 = std::min(last, i0 + together);
                   const std::int64_t end = std::min(g.n, i1 * width);
                   for (std::int64_t k0 = 0; k0 < g.k; k0 += longest) {
                     product.k = std::min(longest, g.k - k0);
                     product.a = static_cast<const T*>(g.a) + k0 * product.a_k;
                     product.accumulate = k0 > 0;
                     pack_columns(g, i0 * width, end, k0, product.k, packed.data());
                     for (std::int64_t i = i0; i < i1; ++i) {
                       const std::int64_t j = i * width;
                       product.b = packed.data() + (i - i0) * width * product.k;
                       product.c = static_cast<T*>(g.c) + j;
                       multiply_rows(product, g.m, std::min(width, g.n - j));
                     }
                   }
                   finish<T>(g, {0, g.m, i0 * width, end - i0 * width});
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
  const ConstantWeight* constant = ConstantWeight::at(g.b);
  const bool is_kept =
      g.transpose_b && g.m >= kept_rows && constant != nullptr && constant->is_lasting();
  // Few rows gain little from columns that are packed already.
  const bool turns_kept = !is_kept || g.m <= dot_rows;
  if (g.transpose_b && !g.transpose_a && turns_kept && turns<T>(g)) return turned_product<T>(g);
  if (is_kept) return kept_product<T>(g);
  if (g.transpose_b && !g.transpose_a && g.m <= dot_rows) return dot_product<T>(g);
  if (!g.transpose_b && g.m <= unpacked_rows && 2 * g.m <= g.n && g.k <= unpacked_k) {
    const bool is_shared = g.m <= share_rows && g.k >= 2 * share_k && g.k * g.n <= share_size;
    return is_shared ? shared_rows_product<T>(g) : unpacked_product<T>(g);
  }
  if (g.m <= panel_rows && 2 * g.m <= g.n) return panel_product<T>(g);
  packed_product<T>(g);
}

}  // namespace

void CpuBackend::gemm(const Gemm& g) {
  if (g.m == 0 || g.n == 0) return;
  dispatch_floating("gemm", g.dtype, [&](auto zero) { multiply<decltype(zero)>(g); });
}

}  // namespace plastic::cpu

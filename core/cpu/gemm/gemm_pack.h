#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/gemm/gemm_kernel.h"
#include "core/cpu/vector.h"

// Matrices as tiles read them: panels of tile_columns columns, each k rows without gaps. A panel of
// fewer columns is filled up with zeros.

namespace plastic::cpu {

template <class T>
constexpr std::int64_t panel_count(std::int64_t columns) {
  return (columns + tile_columns<T> - 1) / tile_columns<T>;
}

/// Numbers in the panels of a (k, columns) matrix.
template <class T>
constexpr std::int64_t packed_size(std::int64_t k, std::int64_t columns) {
  return panel_count<T>(columns) * tile_columns<T> * k;
}

/// One panel from rows: element (p, j) is at b[p · ldb + j].
template <class T>
void pack_panel(const T* b, std::int64_t ldb, std::int64_t k, std::int64_t columns, T* panel) {
  for (std::int64_t p = 0; p < k; ++p, b += ldb, panel += tile_columns<T>) {
    if (columns == tile_columns<T>) {
      store(panel, load(b));
      store(panel + vector_width<T>, load(b + vector_width<T>));
    } else {
      std::fill(std::copy_n(b, columns, panel), panel + tile_columns<T>, T{0});
    }
  }
}

/// One panel from columns: element (p, j) is at b[j · ldb + p] and goes into the panel's row
/// place(p).
template <class T, class Place>
void pack_panel_transposed(const T* b, std::int64_t ldb, std::int64_t k, std::int64_t columns,
                           Place&& place, T* panel) {
  constexpr std::int64_t width = vector_width<T>;
  const std::int64_t whole_k = k / width * width;
  for (std::int64_t half = 0; half < tile_columns<T>; half += width) {
    const std::int64_t count = std::clamp<std::int64_t>(columns - half, 0, width);
    for (std::int64_t p = 0; p < whole_k; p += width) {
      Vector<T> square[width] = {};
      for (std::int64_t j = 0; j < count; ++j) square[j] = load(b + (half + j) * ldb + p);
      transpose<T>(square);
      for (std::int64_t i = 0; i < width; ++i) {
        store(panel + place(p + i) * tile_columns<T> + half, square[i]);
      }
    }
    for (std::int64_t p = whole_k; p < k; ++p) {
      T* row = panel + place(p) * tile_columns<T> + half;
      for (std::int64_t j = 0; j < width; ++j) row[j] = j < count ? b[(half + j) * ldb + p] : T{0};
    }
  }
}

template <class T>
void pack_panel_transposed(const T* b, std::int64_t ldb, std::int64_t k, std::int64_t columns,
                           T* panel) {
  pack_panel_transposed(
      b, ldb, k, columns, [](std::int64_t p) { return p; }, panel);
}

}  // namespace plastic::cpu

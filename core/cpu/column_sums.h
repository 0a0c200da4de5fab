#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/cpu/scratch.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {

/// Adds rows [first, last) of a matrix of `columns` columns to `sums`.
template <class T, class Term, class Sum>
void add_rows(const T* x, std::int64_t first, std::int64_t last, std::int64_t row_stride,
              std::int64_t columns, Term term, Sum* sums) {
  std::int64_t row = first;
  for (; row + 4 <= last; row += 4) {
    const T* a = x + row * row_stride;
    const T* b = a + row_stride;
    const T* c = b + row_stride;
    const T* d = c + row_stride;
    for (std::int64_t j = 0; j < columns; ++j) {
      sums[j] += (term(a[j]) + term(b[j])) + (term(c[j]) + term(d[j]));
    }
  }
  for (; row < last; ++row) {
    const T* from = x + row * row_stride;
    for (std::int64_t j = 0; j < columns; ++j) sums[j] += term(from[j]);
  }
}

/// Columns from which on sums of several chunks of rows would take too much memory.
constexpr std::int64_t many_columns = 4096;

/// Calls add_rows(first, last, sums) for the rows [first, last), to add what they contribute to
/// `width` sums. With `in_levels` sums of some rows are added up to sums of more, and those to the
/// totals: added one by one, terms of f64 would lose digits to their number.
template <class Sum, class AddRows>
void add_to_sums(std::int64_t first, std::int64_t last, std::int64_t width, bool in_levels,
                 Sum* sums, AddRows&& add_rows) {
  constexpr std::int64_t few = 64;
  constexpr std::int64_t many = 16 * few;
  if (!in_levels || last - first <= few) return add_rows(first, last, sums);
  ScratchVector<Sum> levels(static_cast<std::size_t>(2 * width));
  Sum* const some = levels.data();
  Sum* const more = some + width;
  const auto move = [=](Sum* from, Sum* to) {
    for (std::int64_t j = 0; j < width; ++j) to[j] += from[j];
    std::fill_n(from, width, Sum{0});
  };
  for (std::int64_t row = first; row < last; row += few) {
    add_rows(row, std::min(last, row + few), some);
    move(some, more);
    if ((row - first + few) % many == 0) move(more, sums);
  }
  move(more, sums);
}

/// Sums over the rows of matrices of `columns` columns, on all threads, with the same bits for any
/// number of them: rows fall into chunks fixed by the sizes, whose sums are joined in order.
/// add_rows(first, last, sums) and `in_levels` as in add_to_sums(). Returns the totals.
template <class Sum, class AddRows>
ScratchVector<Sum> sum_over_rows(std::int64_t rows, std::int64_t columns, std::int64_t width,
                                 bool in_levels, AddRows&& add_rows) {
  // Few enough chunks that joining them is cheap, and none without enough to do.
  constexpr std::int64_t max_chunks = 64;
  const std::int64_t rows_worth_it =
      std::max<std::int64_t>(1, reduction_chunk / std::max<std::int64_t>(columns, 1));
  const std::int64_t chunks = std::clamp<std::int64_t>(rows / rows_worth_it, 1, max_chunks);
  ScratchVector<Sum> partial(static_cast<std::size_t>(chunks * width));
  parallel_for(0, chunks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t c = first; c < last; ++c) {
      add_to_sums(rows * c / chunks, rows * (c + 1) / chunks, width, in_levels,
                  partial.data() + c * width, add_rows);
    }
  });
  ScratchVector<Sum> total(partial.data(), partial.data() + width);
  for (std::int64_t c = 1; c < chunks; ++c) {
    const Sum* sums = partial.data() + c * width;
    for (std::int64_t j = 0; j < width; ++j) total[static_cast<std::size_t>(j)] += sums[j];
  }
  return total;
}

}  // namespace plastic::cpu

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/parallel.h"

namespace plastic::cpu {

/// Sums over the rows of matrices of `columns` columns, on all threads, with the same bits for any
/// number of them: rows fall into chunks fixed by the sizes, whose sums are joined in order.
/// add_rows(first, last, sums) adds what rows [first, last) contribute to `width` sums of a chunk's
/// own, all of type Sum. Returns the totals.
template <class Sum, class AddRows>
std::vector<Sum> sum_over_rows(std::int64_t rows, std::int64_t columns, std::int64_t width,
                               AddRows&& add_rows) {
  // Few enough chunks that joining them is cheap, and none without enough to do.
  constexpr std::int64_t most_chunks = 64;
  const std::int64_t rows_worth_it =
      std::max<std::int64_t>(1, reduction_chunk / std::max<std::int64_t>(columns, 1));
  const std::int64_t chunks = std::clamp<std::int64_t>(rows / rows_worth_it, 1, most_chunks);
  std::vector<Sum> partial(static_cast<std::size_t>(chunks * width));
  parallel_for(0, chunks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t c = first; c < last; ++c) {
      add_rows(rows * c / chunks, rows * (c + 1) / chunks, partial.data() + c * width);
    }
  });
  std::vector<Sum> total(partial.begin(), partial.begin() + width);
  for (std::int64_t c = 1; c < chunks; ++c) {
    const Sum* sums = partial.data() + c * width;
    for (std::int64_t j = 0; j < width; ++j) total[static_cast<std::size_t>(j)] += sums[j];
  }
  return total;
}

}  // namespace plastic::cpu

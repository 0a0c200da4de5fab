#pragma once

#include <cstdint>

#include "plastic/core/random.h"

namespace plastic::data {

/// Where a loader stands: with the same data set and options, all that decides which batches
/// follow.
struct LoaderState {
  /// As it was before the order of the epoch under way was drawn from it; before the first epoch,
  /// as in the options.
  Generator generator = {};
  /// Whether an epoch was started.
  bool started = false;
  /// Examples given in the epoch under way; 0 before the first.
  std::int64_t position = 0;

  bool operator==(const LoaderState&) const = default;
};

}  // namespace plastic::data

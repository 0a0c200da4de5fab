#pragma once

#include <cstdint>

#include "plastic/core/random.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// The position of a loader: with the same data set and options, it determines which batches
/// follow.
struct LoaderState {
  /// As it was before the current epoch's order was drawn from it; before the first epoch, as in
  /// the options.
  Generator generator = {};
  /// Whether an epoch was started.
  bool started = false;
  /// Examples given in the current epoch; 0 before the first.
  std::int64_t position = 0;

  /// Whether the same batches follow.
  bool operator==(const LoaderState&) const = default;
};

}  // namespace plastic::data

#pragma GCC visibility pop

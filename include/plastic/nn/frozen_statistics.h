#pragma once

#include "plastic/core/link_check.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// While it lives, batch normalisations that run on this thread in training mode normalise with the
/// batch's statistics and leave their running statistics, and the count of batches, as they are.
/// For passes that are not to be seen by them, such as the second one of optim::Sam. Nests.
class FrozenStatistics {
 public:
  FrozenStatistics();
  ~FrozenStatistics();
  FrozenStatistics(const FrozenStatistics&) = delete;
  FrozenStatistics& operator=(const FrozenStatistics&) = delete;

  /// Whether any lives on this thread.
  static bool is_on();
};

}  // namespace plastic::nn

#pragma GCC visibility pop

#pragma once

#include <string>

#include "apps/study/workers.h"
#include "apps/training/stopwatch.h"

namespace plastic::apps {

/// A run under way in a process of its own.
struct RunningRun {
  /// How the line calls it.
  std::string name = {};
  int epochs = 0;
  WorkerProgress progress = {};
  Stopwatch stopwatch = {};
};

/// "  epoch 3/10, step 12/47            adam seed 41".
std::string running_line(const RunningRun& run);

}  // namespace plastic::apps

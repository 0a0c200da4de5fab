#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "apps/study/workers.h"

namespace plastic::apps {

/// Where the runs of a study are computed, side by side.
class StudyPool {
 public:
  virtual ~StudyPool() = default;

  virtual bool is_full() const = 0;
  virtual bool is_idle() const = 0;

  /// Begins run number `run` of the plan, with the settings that its search drew for `trial`;
  /// without one where nothing is searched. Throws Error where it cannot be begun.
  virtual void start(std::size_t run, std::optional<int> trial) = 0;

  /// What happened since it was last asked, under the numbers of the runs; waits for `milliseconds`
  /// at most, and returns sooner after a signal. What a run returned is a line as
  /// study_record_line() makes it. Throws Interrupted where somebody else than this process was
  /// told to stop.
  virtual std::vector<WorkerEvent> wait(int milliseconds) = 0;

  /// Ends all runs that are under way; nothing can be started any more.
  virtual void stop() = 0;
};

}  // namespace plastic::apps

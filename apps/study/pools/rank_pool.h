#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "apps/study/pools/rank_messages.h"
#include "apps/study/pools/study_pool.h"
#include "plastic/distributed.h"

namespace plastic::apps {

/// Runs in children of all ranks: the first rank's pool, which sends work to the others, where
/// serve_runs() does it. With one rank it is that rank's own pool.
class RankPool : public StudyPool {
 public:
  /// `own` is the pool of this rank, and `jobs` says how many runs each rank takes at a time. All
  /// must outlive it.
  RankPool(StudyPool& own, std::vector<int> jobs, distributed::Communicator& among);

  bool is_full() const override;
  bool is_idle() const override { return places_.empty(); }
  /// On the rank with the most free places.
  void start(std::size_t run, std::optional<int> trial) override;
  std::vector<WorkerEvent> wait(int milliseconds) override;
  /// Returns when all ranks have ended their runs. To be called also when all is done, since the
  /// others wait for it.
  void stop() override;

 private:
  std::optional<RankReport> receive();
  void send(const RankOrder& order, int rank);

  StudyPool& own_;
  /// By rank: how many more runs it takes.
  std::vector<int> free_;
  distributed::Communicator& among_;
  /// Which rank computes a run.
  std::map<std::size_t, int> places_;
  bool is_told_to_stop_ = false;
  bool has_stopped_ = false;
};

/// What the ranks but the first do: the runs that its RankPool sends, in `own`, until it stops.
/// Where this process is told to stop by a signal, it says so to the first rank, which stops all.
void serve_runs(StudyPool& own, distributed::Communicator& among);

}  // namespace plastic::apps

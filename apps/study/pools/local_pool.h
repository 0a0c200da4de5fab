#pragma once

#include "apps/study/pools/study_pool.h"
#include "apps/study/study_data.h"
#include "apps/study/study_plan.h"

namespace plastic::apps {

/// Runs in children of this process.
class LocalPool : public StudyPool {
 public:
  /// At most `jobs` runs at a time. All must outlive it.
  LocalPool(const StudyPlan& plan, StudyData& data, int jobs);

  bool is_full() const override { return workers_.is_full(); }
  bool is_idle() const override { return workers_.is_idle(); }
  void start(std::size_t run, std::optional<int> trial) override;
  std::vector<WorkerEvent> wait(int milliseconds) override { return workers_.wait(milliseconds); }
  void stop() override { workers_.stop(); }

 private:
  const StudyPlan& plan_;
  StudyData& data_;
  Workers workers_;
};

}  // namespace plastic::apps

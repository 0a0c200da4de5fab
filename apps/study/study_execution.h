#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/study/journal.h"
#include "apps/study/pools/study_pool.h"
#include "apps/study/study_data.h"
#include "apps/study/study_estimate.h"
#include "apps/study/study_plan.h"
#include "apps/training/stopwatch.h"

namespace plastic::apps {

/// Follows a study; does nothing unless overridden.
class StudyObserver {
 public:
  virtual ~StudyObserver() = default;
  virtual void on_start(std::size_t run) { static_cast<void>(run); }
  virtual void on_progress(std::size_t run, const WorkerProgress& progress) {
    static_cast<void>(run);
    static_cast<void>(progress);
  }
  virtual void on_end(std::size_t run, const StudyRecord& record) {
    static_cast<void>(run);
    static_cast<void>(record);
  }
  /// The search of a variant on a task is over; without a trial where it chose nothing.
  virtual void on_choice(std::size_t task, std::size_t variant, std::optional<int> trial) {
    static_cast<void>(task);
    static_cast<void>(variant);
    static_cast<void>(trial);
  }
  /// Several times a second.
  virtual void on_idle() {}
};

/// The runs of a study: what is done, what was chosen, and the doing.
class StudyExecution {
 public:
  /// Takes what the journal holds. Throws Error where that is of another study, saying what
  /// differs. With `retry`, runs that failed are to be done again. All must outlive it.
  StudyExecution(const StudyPlan& plan, StudyJournal& journal, bool retry);

  /// Reads the data sets of all runs that are left, and checks that their options go with them.
  /// Throws Error where runs that are done had other data.
  void load(StudyData& data);

  /// Runs of other studies, which count where run() comes to one with the same optimizer, settings,
  /// conditions, seed and images. Those that failed, and results that do not say what the data
  /// held, do not.
  void reuse(std::vector<StudyRecord> records);

  /// Does what is left in `pool`, and stops that. Throws Interrupted.
  void run(StudyData& data, StudyPool& pool, StudyObserver& observer);

  /// By number in the plan.
  const std::vector<std::optional<StudyRecord>>& records() const { return records_; }
  /// Those that are done, in the plan's order.
  std::vector<StudyRecord> done() const;
  std::size_t done_count() const;
  std::size_t count(RunEnd end) const;
  /// Runs that were taken from other studies.
  std::size_t reused_count() const { return reused_count_; }
  const StudyEstimate& estimate() const { return estimate_; }
  /// The trial that the search of a variant chose on a task, where it is over.
  std::optional<int> choice(std::size_t task, std::size_t variant) const;
  /// Whether that search is over and no run of it has finished: its verdict is not run.
  bool chose_nothing(std::size_t task, std::size_t variant) const;
  /// Whether a run is still to be done.
  bool is_left(std::size_t run) const;
  /// The tasks, by number, whose data load() reads.
  std::vector<std::size_t> tasks_left() const;

 private:
  std::size_t cell(std::size_t task, std::size_t variant) const;
  void take(std::vector<StudyRecord> records, bool retry);
  std::string difference_from_plan(const StudyRun& run, const PlannedRun& planned) const;
  void accept(std::size_t run, StudyRecord record);
  /// Chooses where all trials are done, and takes the runs that were found for the choice.
  void choose(std::size_t task, std::size_t variant);
  bool is_ready(std::size_t run) const;
  /// Whose settings a run has; none where nothing is searched.
  std::optional<int> trial_of(std::size_t run) const;
  Settings tuned(std::size_t run) const;
  std::size_t next(std::size_t from) const;
  void check_images(std::size_t task, const std::string& images) const;
  /// What another study has of it.
  std::optional<StudyRecord> found_elsewhere(std::size_t run, StudyData& data) const;
  void finish(const WorkerEvent& event, StudyObserver& observer);
  /// Notes how it ended, and chooses where it was the last trial.
  void end(std::size_t run, StudyRecord record, StudyObserver& observer);

  const StudyPlan& plan_;
  StudyJournal& journal_;
  std::vector<std::optional<StudyRecord>> records_;
  /// Verdicts that were found, until it is known whether they are of the settings chosen.
  std::map<std::size_t, std::vector<StudyRecord>> found_;
  /// Runs of other studies, by seed.
  std::multimap<std::uint64_t, StudyRecord> elsewhere_;
  std::size_t reused_count_ = 0;
  /// By cell: trials that are not done, and the choice.
  std::vector<std::size_t> trials_left_;
  std::vector<std::optional<int>> choices_;
  std::vector<bool> is_running_;
  std::map<std::size_t, Stopwatch> started_;
  StudyEstimate estimate_;
};

}  // namespace plastic::apps

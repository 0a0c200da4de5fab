#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/run_options.h"
#include "apps/runs/saved_run.h"
#include "apps/study/comparison/comparison.h"
#include "apps/study/comparison/variants.h"
#include "apps/training/training.h"
#include "plastic/data/dataset.h"

namespace plastic::apps {

/// What `plastic compare` is to run.
struct ComparedRunsOptions {
  /// The runs have its configuration, but their own optimizer and seed.
  RunOptions run;
  std::vector<Variant> variants;
  /// Those of the variants, in their order.
  std::vector<OptimizerSettings> optimizers;
  std::vector<std::uint64_t> seeds;
  /// Each run has a folder in it, NAME-seed-N. Empty: nothing is written.
  std::filesystem::path out;
  /// Runs that `out` has of this comparison are kept or continued.
  bool is_continued = false;
};

/// The runs of a comparison, seed by seed, so that the optimizers can be compared from the first
/// seed on.
class ComparedRuns {
 public:
  /// Looks through the folders where the comparison is continued. Throws Error for one that holds
  /// another run. `options` and `data` must outlive it.
  ComparedRuns(const ComparedRunsOptions& options, const data::DatasetPair& data);

  /// Does what is not done yet, one run after the other, or `jobs` at a time, each in a process of
  /// its own with one thread; with the same results. `on_run` is called after each run. A run that
  /// diverges is noted, and the next one follows. Throws Interrupted; what was done is then in
  /// rows(), and in the folders of the runs under way.
  void run(int jobs, const std::function<void()>& on_run);

  const std::vector<OptimizerRuns>& rows() const { return rows_; }
  std::size_t run_count() const { return rows_.size() * options_.seeds.size(); }
  /// How many of run_count() ended, well or not.
  std::size_t ended_count() const;
  /// How many of these were found in their folders.
  std::size_t found_count() const { return found_count_; }

 private:
  /// A run and what is known of it before it is begun.
  struct Planned {
    std::size_t row = 0;
    std::uint64_t seed = 0;
    TrainConfig config = {};
    SavedRunOptions saved = {};
    /// Whether it has been begun in its folder.
    bool is_begun = false;
    int epochs_done = 0;
    /// How it ended, where it did.
    std::optional<SeedRun> end = {};
  };

  /// What a run brought.
  struct Outcome {
    RunEnd end = RunEnd::finished;
    /// Why it did not finish.
    std::string where = {};
    std::vector<EpochResult> results = {};
  };

  Planned plan(std::size_t row, std::uint64_t seed) const;
  void look_through(Planned& run) const;
  static std::optional<SeedRun> whole_run(const std::filesystem::path& folder, const Planned& run);
  /// Throws Error where the folder has runs that are not planned.
  void check_no_others() const;
  /// Throws Interrupted. `observer` does not see the epochs done before.
  Outcome run_one(const Planned& run, TrainingObserver& observer) const;
  void run_in_turn(const std::function<void()>& on_run);
  void run_side_by_side(int jobs, const std::function<void()>& on_run);
  static std::string outcome_text(const Outcome& outcome);
  static Outcome parse_outcome(const std::string& text);
  /// "[3/12] adam seed 41  ".
  std::string label_of(const Planned& run) const;
  static std::string end_text(const SeedRun& run);
  std::int64_t steps_left(const Planned& run) const;
  /// Notes how it ended and gives the line that says so.
  std::string note(Planned& run, const Outcome& outcome);
  /// Puts the runs that ended into their rows, in the order of the seeds.
  void fill_rows();

  const ComparedRunsOptions& options_;
  const data::DatasetPair& data_;
  std::string classifier_form_;
  std::vector<Planned> plan_;
  std::vector<OptimizerRuns> rows_;
  std::size_t found_count_ = 0;
};

}  // namespace plastic::apps

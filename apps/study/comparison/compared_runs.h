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

class Progress;

/// The runs of a comparison, seed by seed, so that the optimizers can be compared from the first
/// seed on.
class ComparedRuns {
 public:
  /// Looks through the folders where the comparison is continued. Throws Error for one that holds
  /// another run. `options` and `data` must outlive it.
  ComparedRuns(const ComparedRunsOptions& options, const data::DatasetPair& data);

  /// Does what is not done yet. `on_run` is called after each run. A run that diverges is noted,
  /// and the next one follows. Throws Interrupted; what was done is then in rows().
  void run(const std::function<void()>& on_run);

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

  Planned plan(std::size_t row, std::uint64_t seed) const;
  void look_through(Planned& run) const;
  static std::optional<SeedRun> whole_run(const std::filesystem::path& folder, const Planned& run);
  /// Throws Error where the folder has runs that are not planned.
  void check_no_others() const;
  SeedRun run_one(const Planned& run, Progress& progress, const std::string& label,
                  std::int64_t steps_before);

  const ComparedRunsOptions& options_;
  const data::DatasetPair& data_;
  std::string input_form_;
  std::vector<Planned> plan_;
  std::vector<OptimizerRuns> rows_;
  std::size_t found_count_ = 0;
};

}  // namespace plastic::apps

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "apps/cli/run_options.h"
#include "apps/study/study_file.h"
#include "apps/study/study_run.h"

namespace plastic::apps {

/// An option with one value of its grid.
struct GivenOption {
  const Option* option = nullptr;
  std::string value = {};
  int line = 0;
};

/// Conditions under which the variants are compared.
struct StudyTask {
  std::string name;
  std::vector<GivenOption> options = {};
  std::vector<double> targets = {};
};

/// A row of the study's tables.
struct StudyVariant {
  std::string name;
  std::string optimizer;
  std::vector<GivenOption> options = {};
  /// Empty where nothing is searched.
  SearchSpace space = {};
};

struct PlannedRun {
  std::size_t task = 0;
  std::size_t variant = 0;
  StudyPhase phase = StudyPhase::verdict;
  /// For a tuning run.
  int trial = 0;
  std::uint64_t seed = 0;
};

/// The runs that a study's file asks for: for each task and variant with a search all trials with
/// all tuning seeds, then for each task, variant and seed the verdict.
class StudyPlan {
 public:
  /// Makes the options of every run once. Throws UsageError naming what in the file cannot be
  /// carried out.
  explicit StudyPlan(StudyFile file);

  const StudyFile& file() const { return file_; }
  const std::vector<StudyTask>& tasks() const { return tasks_; }
  const std::vector<StudyVariant>& variants() const { return variants_; }
  const std::vector<PlannedRun>& runs() const { return runs_; }
  /// In variants().
  std::size_t reference() const { return reference_; }

  /// How many of runs(), all at the front, are for tuning.
  std::size_t tuning_count() const;
  bool is_tuned(std::size_t variant) const { return !variants_[variant].space.empty(); }
  /// What a trial of the search of `variant` gives the options.
  Settings trial(std::size_t variant, int trial) const;

  /// The options of a run; `tuned` are those that the search drew or chose. Its optimizer is
  /// resolved.
  RunOptions options(const PlannedRun& run, const Settings& tuned) const;
  /// The options that decide where the data are found and how they are read.
  RunOptions data_options(std::size_t task) const;
  /// What is known of a run before it is begun.
  StudyRun describe(const PlannedRun& run, const Settings& tuned) const;

 private:
  void make_tasks();
  void make_variants();
  void make_runs();
  void check_given() const;
  void find_conditions();
  std::string task_name(const StudyFile::Task& task, const std::vector<GivenOption>& options) const;

  StudyFile file_;
  std::vector<StudyTask> tasks_;
  std::vector<StudyVariant> variants_;
  std::vector<PlannedRun> runs_;
  std::size_t reference_ = 0;
  /// Names of options, not of an optimizer, in which variants differ on some task.
  std::vector<std::string> settings_of_variants_;
};

}  // namespace plastic::apps

#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "apps/study/comparison/versus.h"
#include "apps/study/statistics/expected_best.h"
#include "apps/study/statistics/performance_profile.h"
#include "apps/study/statistics/sensitivity.h"
#include "apps/study/statistics/target.h"
#include "apps/study/study_run.h"

namespace plastic::apps {

/// What a study is asked for beside its runs.
struct AnalysisOptions {
  /// The page's heading.
  std::string title = "Study";
  /// The variant that the others are compared with; empty for the first one.
  std::string reference = {};
  /// Test accuracies, fractions, whose steps and seconds are counted, by the tasks' names. In a
  /// task that has none here, it is what the reference has at the end in more than half of its
  /// seeds.
  std::map<std::string, std::vector<double>> targets = {};
  /// Trials are chosen by validation loss, not accuracy.
  bool is_tuned_by_loss = false;
  /// How the search of a variant spread an option's values, by both names, where that is known.
  std::map<std::pair<std::string, std::string>, OptionScale> scales = {};
};

/// A quantity over the seeds of a variant whose runs finished.
struct SeedStatistics {
  std::vector<double> values = {};
  double mean = std::numeric_limits<double>::quiet_NaN();
  /// The sample's deviation; NaN for fewer than 2 values.
  double deviation = std::numeric_limits<double>::quiet_NaN();
  /// The mean's, 95%; of an accuracy, the part from 0 to 1.
  Interval interval = {};
};

/// A run that diverged or failed.
struct LostRun {
  std::string variant;
  StudyPhase phase = StudyPhase::verdict;
  /// For a tuning run.
  int trial = 0;
  std::uint64_t seed = 0;
  RunEnd end = RunEnd::diverged;
  std::string message = {};
};

/// A variant in one task. Only runs of the verdict count, unless a member says otherwise.
struct VariantAnalysis {
  std::string variant;
  std::string optimizer;
  /// Where its settings differ from the optimizer's own defaults, but for what tuning chose.
  Settings settings = {};
  /// What tuning chose; empty where there was none.
  Settings tuned = {};
  int runs = 0;
  int finished = 0;
  int diverged = 0;
  /// Ended by an error.
  int failed = 0;
  /// On the test set after the last epoch.
  SeedStatistics final_accuracy = {};
  SeedStatistics final_loss = {};
  /// On the test set after the epoch with the best validation accuracy; without values where the
  /// study has no validation part, since a choice by the test set would flatter.
  SeedStatistics best_accuracy = {};
  SeedStatistics best_loss = {};
  /// The final accuracy against the reference's, by seed, with p adjusted over the whole study.
  /// Nothing for the reference itself.
  std::optional<VersusFirst> versus_reference = {};
  /// For each target of the task, over every seed's run, whatever its end.
  std::vector<TargetStatistics> to_target = {};
  /// Mean test accuracy by epoch over the runs that finished.
  std::vector<double> accuracy_by_epoch = {};
  std::vector<double> deviation_by_epoch = {};
  /// Training time of a run that finished; without values where times are unknown.
  SeedStatistics seconds = {};
};

/// The search of one variant in one task.
struct TuningAnalysis {
  std::string variant;
  /// Trials that ended, and those of them that diverged or failed.
  int trials = 0;
  int lost = 0;
  /// Final test accuracy of the trial that validation would have chosen of so many; from 1 trial
  /// on. A trial that was lost counts as 0.
  std::vector<BudgetPoint> by_budget = {};
  /// For each option that the search drew.
  std::vector<SensitivityCurve> sensitivity = {};
  /// Those whose value in the best trial is the smallest or the largest number tried.
  std::vector<std::string> at_edge = {};
};

struct TaskAnalysis {
  std::string task;
  Settings conditions = {};
  std::vector<double> targets = {};
  /// Whether they are the reference's, and not given.
  bool has_own_target = false;
  bool has_validation = false;
  /// The reference first, then in the order of the study.
  std::vector<VariantAnalysis> variants = {};
  std::vector<TuningAnalysis> tuning = {};
  std::vector<LostRun> lost = {};
  /// What the tests say, in sentences.
  std::string conclusion = {};
};

struct StudyAnalysis {
  std::string title = {};
  std::string reference = {};
  /// Tests that Holm's correction covers.
  int tests = 0;
  std::vector<TaskAnalysis> tasks = {};
  /// Over the tasks, by the median steps to the first target, by mean test error and by the median
  /// seconds to the first target; empty for one task, and the last one where times are unknown.
  std::vector<ProfileCurve> steps_profile = {};
  std::vector<ProfileCurve> error_profile = {};
  std::vector<ProfileCurve> seconds_profile = {};
  std::string conclusion = {};
};

/// What the runs of a study show. Their order decides that of tasks and variants only: those met
/// first come first. Runs of one task, variant, phase, trial and seed are given once. Throws Error
/// for a reference that no run has, and for a run given twice.
StudyAnalysis analyse(std::span<const StudyRun> runs, const AnalysisOptions& options);

/// "No intervals: they take 3 seeds or more."; empty where each variant of the task has its own.
std::string missing_intervals(const TaskAnalysis& task);

/// For the terminal: a table for each task, the runs that were lost, the conclusion. With
/// `has_times`, seconds too, which differ between repetitions.
std::string study_table(const StudyAnalysis& analysis, bool has_times = true);

/// The content of summary.json: all of the analysis but times, the same bytes for the same results.
std::string study_json(const StudyAnalysis& analysis);

/// The content of times.json: what the analysis says of seconds.
std::string study_times_json(const StudyAnalysis& analysis);

/// The page, self-contained: no network, no paths of this machine. Writes it whole or not at all.
void write_study_report(const StudyAnalysis& analysis, const std::filesystem::path& file);

/// What write_study_report() writes.
std::string study_page(const StudyAnalysis& analysis);

}  // namespace plastic::apps

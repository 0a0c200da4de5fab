#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/study/comparison/comparison.h"
#include "apps/training/optimizer_options.h"

namespace plastic::apps {

/// What a run of a study is for.
enum class StudyPhase {
  /// One trial of a search: what it reaches on the validation part decides which settings are
  /// taken.
  tuning,
  /// The settings are given or chosen; seeds that no trial has seen.
  verdict,
};

/// One run of a study as its results hold it, a line of results.jsonl.
struct StudyRun {
  /// Data, network and conditions under which optimizers may be compared: "fashion-mnist mlp,
  /// fraction 0.1, label-noise 0.2". Unique in a study.
  std::string task;
  /// The same by the options' names, in the order of the option table.
  Settings conditions = {};
  /// The row: an optimizer under its own name or another.
  std::string variant;
  std::string optimizer;
  StudyPhase phase = StudyPhase::verdict;
  /// Which trial of its search a tuning run is, from 0.
  int trial = 0;
  std::uint64_t seed = 0;
  /// What the data set held, so that a study is not continued with other data: "60000 + 10000
  /// images of 10 classes, 5f3a…". Empty in results that do not say.
  std::string images = {};
  /// Everything that decides what the optimizer does, by the options' names.
  Settings settings = {};
  /// The part of `settings` that the search drew, or chose for the verdict.
  Settings tuned = {};
  /// `unfinished`: it failed, and `message` says how.
  RunEnd end = RunEnd::finished;
  std::string message = {};
  /// Optimizer steps of an epoch.
  std::int64_t steps_per_epoch = 0;
  /// By epoch, as far as the run came; accuracies are fractions. The validation's are empty where
  /// no part was set aside.
  std::vector<double> train_loss = {};
  std::vector<double> train_accuracy = {};
  std::vector<double> validation_loss = {};
  std::vector<double> validation_accuracy = {};
  std::vector<double> test_loss = {};
  std::vector<double> test_accuracy = {};
  /// Training time without evaluation, by epoch, as measured in this run; kept apart from the
  /// results, which repeat to the byte. Empty where unknown.
  std::vector<double> seconds = {};
};

}  // namespace plastic::apps

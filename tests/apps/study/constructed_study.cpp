#include "tests/apps/study/constructed_study.h"

#include <cmath>
#include <string>

using namespace plastic::apps;

namespace plastic::test {
namespace {

constexpr int epochs = 4;

// Rises to `accuracy` in four epochs.
void add_curves(StudyRun& run, double accuracy, int done) {
  for (int epoch = 1; epoch <= done; ++epoch) {
    const double reached = accuracy * (1.0 - 0.4 * std::exp2(-epoch) + 0.4 * std::exp2(-epochs));
    run.test_accuracy.push_back(reached);
    run.test_loss.push_back(2.0 - 2.0 * reached);
    // Best one epoch before the end.
    run.validation_accuracy.push_back(reached - (epoch == epochs ? 0.05 : 0.0));
    run.validation_loss.push_back(2.1 - 2.0 * reached);
    run.train_accuracy.push_back(reached + 0.05);
    run.train_loss.push_back(1.8 - 2.0 * reached);
    run.seconds.push_back(0.25 * epoch);
  }
}

StudyRun run_of(const std::string& task, const std::string& variant) {
  return {.task = task,
          .conditions = {{"data", "digits"}, {"fraction", task.substr(task.find(' ') + 1)}},
          .variant = variant,
          .optimizer = variant == "wild" ? "sgd" : variant,
          .settings = {{"lr", "0.1"}},
          .steps_per_epoch = 100};
}

double accuracy_of(const std::string& variant, int seed) {
  // What the seeds have in common, and what only one variant has.
  const double common = 0.80 + 0.01 * std::sin(3.0 * seed);
  if (variant == "adam") return common + 0.02 + 0.003 * std::cos(5.0 * seed);
  if (variant == "wild") return common + 0.015 * std::cos(1.0 + 2.0 * seed);
  return common;
}

}  // namespace

std::vector<StudyRun> constructed_study() {
  std::vector<StudyRun> runs;
  for (const std::string task : {"digits 1", "digits 0.1"}) {
    const bool is_hard = task == "digits 0.1";
    for (int trial = 0; trial < 9; ++trial) {
      StudyRun run = run_of(task, "adam");
      run.phase = StudyPhase::tuning;
      run.trial = trial;
      run.seed = 1;
      const double exponent = -4.0 + 0.5 * trial;
      run.tuned = {{"lr", std::to_string(std::pow(10.0, exponent))},
                   {"amsgrad", trial % 2 == 0 ? "true" : "false"}};
      run.settings = run.tuned;
      add_curves(run, 0.8 - 0.1 * std::abs(exponent + 2.5), epochs);
      if (is_hard && trial == 8) {
        run.end = RunEnd::diverged;
        run.message = "the loss is not a number in epoch 1, step 3";
        run.test_accuracy.clear();
        run.validation_accuracy.clear();
      }
      runs.push_back(run);
    }
    for (const std::string variant : {"sgd", "adam", "wild"}) {
      for (int seed = 101; seed <= 108; ++seed) {
        StudyRun run = run_of(task, variant);
        run.seed = static_cast<std::uint64_t>(seed);
        if (variant == "adam") run.tuned = {{"lr", "0.00316228"}, {"amsgrad", "false"}};
        const bool has_diverged = is_hard && variant == "wild" && seed == 103;
        const bool has_failed = is_hard && variant == "wild" && seed == 104;
        add_curves(run, accuracy_of(variant, seed) - (is_hard ? 0.1 : 0.0),
                   has_diverged || has_failed ? 1 : epochs);
        if (has_diverged) run.end = RunEnd::diverged;
        if (has_failed) run.end = RunEnd::unfinished;
        if (has_failed) run.message = "no memory for <that>";
        runs.push_back(run);
      }
    }
  }
  return runs;
}

}  // namespace plastic::test

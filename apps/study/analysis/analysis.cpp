#include "apps/study/analysis/analysis.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

#include "apps/cli/values.h"
#include "apps/runs/best_epoch.h"
#include "apps/study/analysis/study_words.h"
#include "apps/study/statistics/statistics.h"
#include "core/check.h"
#include "core/number_text.h"

namespace plastic::apps {
namespace {

// What costs nothing would have no ratio to others.
constexpr double min_cost = 1e-6;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

using Runs = std::vector<const StudyRun*>;

double last(const std::vector<double>& curve) { return curve.empty() ? unknown : curve.back(); }

SeedStatistics seed_statistics(std::vector<double> values) {
  SeedStatistics statistics{.values = std::move(values)};
  if (statistics.values.empty()) return statistics;
  statistics.mean = mean(statistics.values);
  statistics.deviation = sample_deviation(statistics.values);
  statistics.interval = mean_interval(statistics.values);
  return statistics;
}

SeedStatistics accuracy_statistics(std::vector<double> fractions) {
  SeedStatistics statistics = seed_statistics(std::move(fractions));
  statistics.interval = within(statistics.interval, 0.0, 1.0);
  return statistics;
}

// The distinct texts of the runs, those met first first.
template <class Text>
std::vector<std::string> names(const Runs& runs, Text text) {
  std::vector<std::string> found;
  for (const StudyRun* run : runs) {
    if (std::ranges::find(found, text(*run)) == found.end()) found.push_back(text(*run));
  }
  return found;
}

template <class Condition>
Runs chosen(const Runs& runs, Condition condition) {
  Runs found;
  for (const StudyRun* run : runs) {
    if (condition(*run)) found.push_back(run);
  }
  return found;
}

void check_no_doubles(std::span<const StudyRun> runs) {
  std::set<std::tuple<std::string, std::string, bool, int, std::uint64_t>> seen;
  for (const StudyRun& run : runs) {
    const bool is_tuning = run.phase == StudyPhase::tuning;
    const int trial = is_tuning ? run.trial : 0;
    if (seen.insert({run.task, run.variant, is_tuning, trial, run.seed}).second) continue;
    fail("study", "two runs are ", run.variant, " on ", run.task, " with seed ", run.seed,
         is_tuning ? " in one trial" : "", "; remove one of their lines from the results");
  }
}

// The one that validation chooses: nothing in a study ever chooses by the test set.
std::optional<std::size_t> best_epoch(const StudyRun& run) {
  const std::optional<std::size_t> epoch = best_epoch_index(run.validation_accuracy, {});
  if (!epoch || *epoch >= run.test_accuracy.size() || *epoch >= run.test_loss.size()) {
    return std::nullopt;
  }
  return epoch;
}

std::vector<SeedRun> seed_runs(const Runs& runs) {
  std::vector<SeedRun> all;
  for (const StudyRun* run : runs) {
    all.push_back({.seed = run->seed,
                   .end = run->end,
                   .accuracy = last(run->test_accuracy),
                   .epochs = static_cast<int>(run->test_accuracy.size())});
  }
  return all;
}

void add_curves(VariantAnalysis& variant, const Runs& finished) {
  std::size_t epochs = 0;
  for (const StudyRun* run : finished) epochs = std::max(epochs, run->test_accuracy.size());
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    std::vector<double> values;
    for (const StudyRun* run : finished) {
      if (epoch < run->test_accuracy.size()) values.push_back(run->test_accuracy[epoch]);
    }
    variant.accuracy_by_epoch.push_back(mean(values));
    variant.deviation_by_epoch.push_back(sample_deviation(values));
  }
}

Settings own_settings(const StudyRun& run) {
  const auto& names = optimizer_names();
  if (std::ranges::find(names, run.optimizer) == names.end()) return {};
  const Settings usual = effective_settings(default_settings(run.optimizer, false));
  Settings own;
  for (const auto& setting : run.settings) {
    const bool is_tuned = std::ranges::any_of(
        run.tuned, [&](const auto& tuned) { return tuned.first == setting.first; });
    if (!is_tuned && std::ranges::find(usual, setting) == usual.end()) own.push_back(setting);
  }
  return own;
}

VariantAnalysis variant_analysis(const std::string& name, const Runs& runs) {
  VariantAnalysis variant{.variant = name, .optimizer = {}, .runs = static_cast<int>(runs.size())};
  std::vector<double> final_accuracy, final_loss, best_accuracy, best_loss, seconds;
  Runs finished;
  for (const StudyRun* run : runs) {
    variant.optimizer = run->optimizer;
    variant.settings = own_settings(*run);
    if (!run->tuned.empty()) variant.tuned = run->tuned;
    variant.diverged += run->end == RunEnd::diverged ? 1 : 0;
    variant.failed += run->end == RunEnd::unfinished ? 1 : 0;
    if (run->end != RunEnd::finished) continue;
    finished.push_back(run);
    final_accuracy.push_back(last(run->test_accuracy));
    final_loss.push_back(last(run->test_loss));
    if (const auto epoch = best_epoch(*run)) {
      best_accuracy.push_back(run->test_accuracy[*epoch]);
      best_loss.push_back(run->test_loss[*epoch]);
    }
    if (run->seconds.empty()) continue;
    double sum = 0.0;
    for (const double epoch : run->seconds) sum += epoch;
    seconds.push_back(sum);
  }
  variant.finished = static_cast<int>(finished.size());
  variant.final_accuracy = accuracy_statistics(final_accuracy);
  variant.final_loss = seed_statistics(final_loss);
  variant.best_accuracy = accuracy_statistics(best_accuracy);
  variant.best_loss = seed_statistics(best_loss);
  variant.seconds = seed_statistics(seconds);
  add_curves(variant, finished);
  return variant;
}

// The highest accuracy that more than half of the runs end with.
// What more than half of the runs have at the end; nothing where too many were lost.
std::optional<double> own_target(std::vector<double> accuracies, int runs) {
  const auto needed = static_cast<std::size_t>(runs / 2 + 1);
  if (accuracies.size() < needed) return std::nullopt;
  std::ranges::sort(accuracies, std::greater<>());
  return accuracies[needed - 1];
}

void count_to_targets(VariantAnalysis& variant, const Runs& runs,
                      const std::vector<double>& targets) {
  for (const double target : targets) {
    std::vector<TargetTime> times;
    for (const StudyRun* run : runs) {
      times.push_back(
          time_to_target(run->test_accuracy, run->seconds, run->steps_per_epoch, target));
    }
    variant.to_target.push_back(target_statistics(times));
  }
}

// A trial's runs, one for each tuning seed, as one.
struct Trial {
  TrialResult result = {};
  double validation_accuracy = 0.0;
  const StudyRun* run = nullptr;
};

std::vector<Trial> trials_of(const Runs& runs, bool is_by_loss) {
  std::map<int, Runs> by_number;
  for (const StudyRun* run : runs) by_number[run->trial].push_back(run);
  std::vector<Trial> trials;
  for (const auto& [number, seeds] : by_number) {
    Trial trial{.run = seeds.front()};
    const auto count = static_cast<double>(seeds.size());
    for (const StudyRun* run : seeds) {
      const bool is_lost = run->end != RunEnd::finished;
      const double accuracy = is_lost ? unknown : last(run->validation_accuracy);
      const double loss = is_lost ? unknown : last(run->validation_loss);
      trial.validation_accuracy += accuracy / count;
      trial.result.chosen_by += (is_by_loss ? -loss : accuracy) / count;
      trial.result.result += (is_lost ? unknown : last(run->test_accuracy)) / count;
    }
    trials.push_back(trial);
  }
  return trials;
}

// Fewer trials than this leave most values near an edge.
constexpr std::size_t few_trials = 5;

// Whether the value of the best trial is the smallest or the largest number of all.
bool is_at_edge(const std::vector<Trial>& trials, const std::string& option) {
  std::vector<double> numbers;
  double best = 0.0;
  double best_score = -std::numeric_limits<double>::infinity();
  for (const Trial& trial : trials) {
    for (const auto& [name, value] : trial.run->tuned) {
      double number = 0.0;
      const char* end = value.data() + value.size();
      if (name != option || number_from_chars(value.data(), end, number).ptr != end) continue;
      numbers.push_back(number);
      if (!(trial.result.chosen_by > best_score)) continue;
      best_score = trial.result.chosen_by;
      best = number;
    }
  }
  std::ranges::sort(numbers);
  const auto distinct = std::ranges::unique(numbers).begin() - numbers.begin();
  if (distinct < static_cast<std::ptrdiff_t>(few_trials) || std::isinf(best_score)) return false;
  return best == numbers.front() || best == numbers[static_cast<std::size_t>(distinct - 1)];
}

TuningAnalysis tuning_analysis(const std::string& name, const Runs& runs,
                               const AnalysisOptions& analysis) {
  TuningAnalysis tuning{.variant = name};
  std::vector<Trial> trials = trials_of(runs, analysis.is_tuned_by_loss);
  std::vector<std::string> options;
  std::vector<TrialResult> results;
  bool has_test = true;
  for (const Trial& trial : trials) {
    ++tuning.trials;
    const bool is_lost = std::isnan(trial.result.chosen_by);
    tuning.lost += is_lost ? 1 : 0;
    results.push_back(trial.result);
    if (is_lost) {
      results.back().result = 0.0;
    } else if (std::isnan(trial.result.result)) {
      has_test = false;
    }
    for (const auto& [option, value] : trial.run->tuned) {
      if (std::ranges::find(options, option) == options.end()) options.push_back(option);
    }
  }
  if (has_test && tuning.lost < tuning.trials) tuning.by_budget = expected_best(results);
  const auto scale_of = [&](const std::string& variant, const std::string& option) {
    const auto found = analysis.scales.find({variant, option});
    return found == analysis.scales.end() ? OptionScale::from_values : found->second;
  };
  for (const std::string& option : options) {
    std::vector<OptionTrial> values;
    for (const Trial& trial : trials) {
      const auto found =
          std::ranges::find(trial.run->tuned, option,
                            [](const auto& one) -> const std::string& { return one.first; });
      if (found == trial.run->tuned.end()) continue;
      values.push_back({found->second, trial.validation_accuracy});
    }
    tuning.sensitivity.push_back(sensitivity_curve(option, values, scale_of(name, option)));
    if (is_at_edge(trials, option)) tuning.at_edge.push_back(option);
  }
  return tuning;
}

TaskAnalysis task_analysis(const std::string& name, const Runs& runs,
                           const std::vector<std::string>& variants,
                           const AnalysisOptions& options) {
  TaskAnalysis task{.task = name, .conditions = runs.front()->conditions};
  // By seed, since sums round differently in another order.
  const auto of_variant = [&](const std::string& variant, StudyPhase phase) {
    Runs found = chosen(
        runs, [&](const StudyRun& run) { return run.variant == variant && run.phase == phase; });
    std::ranges::stable_sort(found, {}, &StudyRun::seed);
    return found;
  };
  for (const std::string& variant : variants) {
    const Runs verdict = of_variant(variant, StudyPhase::verdict);
    if (!verdict.empty()) task.variants.push_back(variant_analysis(variant, verdict));
    const Runs tuning = of_variant(variant, StudyPhase::tuning);
    if (!tuning.empty()) {
      task.tuning.push_back(tuning_analysis(variant, tuning, options));
    }
  }
  task.has_validation = std::ranges::any_of(task.variants, [](const VariantAnalysis& variant) {
    return !variant.best_accuracy.values.empty();
  });
  const bool has_reference =
      !task.variants.empty() && task.variants.front().variant == variants.front();
  const auto given = options.targets.find(name);
  if (given != options.targets.end() && !given->second.empty()) {
    task.targets = given->second;
  } else if (has_reference && task.variants.front().finished > 0) {
    const VariantAnalysis& first = task.variants.front();
    const auto target = own_target(first.final_accuracy.values, first.runs);
    if (target) task.targets = {*target};
    task.has_own_target = target.has_value();
  }
  const std::vector<SeedRun> reference =
      seed_runs(of_variant(variants.front(), StudyPhase::verdict));
  for (VariantAnalysis& variant : task.variants) {
    const Runs verdict = of_variant(variant.variant, StudyPhase::verdict);
    count_to_targets(variant, verdict, task.targets);
    if (variant.variant != variants.front()) {
      variant.versus_reference = versus_first(reference, seed_runs(verdict));
    }
  }
  for (const StudyRun* run : runs) {
    if (run->end == RunEnd::finished) continue;
    task.lost.push_back({.variant = run->variant,
                         .phase = run->phase,
                         .trial = run->trial,
                         .seed = run->seed,
                         .end = run->end,
                         .message = run->message});
  }
  return task;
}

// The costs of the variants that all tasks have. Infinite where a variant has none.
template <class Cost>
std::vector<ProfileCurve> profile(const std::vector<TaskAnalysis>& tasks,
                                  const std::vector<std::string>& variants, Cost cost) {
  if (tasks.size() < 2) return {};
  std::vector<TaskCosts> costs;
  for (const TaskAnalysis& task : tasks) {
    TaskCosts of_task{.task = task.task, .costs = {}};
    for (const std::string& name : variants) {
      const auto variant = std::ranges::find(task.variants, name, &VariantAnalysis::variant);
      double value = std::numeric_limits<double>::infinity();
      if (variant != task.variants.end()) value = cost(*variant);
      if (std::isnan(value)) return {};
      of_task.costs.push_back(std::max(min_cost, value));
    }
    costs.push_back(std::move(of_task));
  }
  return performance_profile(variants, costs);
}

void add_profiles(StudyAnalysis& analysis, const std::vector<std::string>& variants) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  analysis.error_profile = profile(analysis.tasks, variants, [](const VariantAnalysis& variant) {
    if (variant.finished == 0) return infinite;
    return 1.0 - variant.final_accuracy.mean;
  });
  analysis.steps_profile = profile(analysis.tasks, variants, [](const VariantAnalysis& variant) {
    return variant.to_target.empty() ? infinite : variant.to_target.front().median_steps;
  });
  analysis.seconds_profile = profile(analysis.tasks, variants, [](const VariantAnalysis& variant) {
    return variant.to_target.empty() ? infinite : variant.to_target.front().median_seconds;
  });
}

}  // namespace

StudyAnalysis analyse(std::span<const StudyRun> runs, const AnalysisOptions& options) {
  check_no_doubles(runs);
  Runs all;
  for (const StudyRun& run : runs) all.push_back(&run);
  const auto variant_of = [](const StudyRun& run) { return run.variant; };
  const auto task_of = [](const StudyRun& run) { return run.task; };
  std::vector<std::string> variants = names(all, variant_of);
  if (!options.reference.empty()) {
    const auto reference = std::ranges::find(variants, options.reference);
    if (reference == variants.end()) {
      fail("study", "no run is of the reference ", options.reference, ", only of ", join(variants),
           "; name one of these");
    }
    std::rotate(variants.begin(), reference, reference + 1);
  }
  StudyAnalysis analysis{.title = options.title};
  if (variants.empty()) {
    analysis.conclusion = "No run has ended.";
    return analysis;
  }
  analysis.reference = variants.front();
  for (const std::string& name : names(all, task_of)) {
    const Runs of_task = chosen(all, [&](const StudyRun& run) { return run.task == name; });
    analysis.tasks.push_back(task_analysis(name, of_task, variants, options));
  }
  std::vector<VersusFirst*> tested;
  for (TaskAnalysis& task : analysis.tasks) {
    for (VariantAnalysis& variant : task.variants) {
      if (variant.versus_reference) tested.push_back(&*variant.versus_reference);
    }
  }
  adjust_together(tested);
  analysis.tests = static_cast<int>(std::ranges::count_if(
      tested, [](const VersusFirst* versus) { return !std::isnan(versus->p); }));
  add_profiles(analysis, variants);
  for (TaskAnalysis& task : analysis.tasks) {
    task.conclusion = task_conclusion(task, analysis.reference);
  }
  analysis.conclusion = study_conclusion(analysis);
  return analysis;
}

}  // namespace plastic::apps

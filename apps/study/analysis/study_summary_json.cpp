// summary.json and times.json. A number that is unknown or infinite is null.
#include <nlohmann/json.hpp>

#include "apps/study/analysis/analysis.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

// Messages of failed runs may hold bytes that are no UTF-8.
std::string text_of(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

ordered_json interval_json(const Interval& interval) { return {interval.low, interval.high}; }

ordered_json statistics_json(const SeedStatistics& statistics) {
  return {{"mean", statistics.mean},
          {"deviation", statistics.deviation},
          {"interval_95", interval_json(statistics.interval)}};
}

ordered_json settings_json(const Settings& settings) {
  ordered_json json = ordered_json::object();
  for (const auto& [name, value] : settings) json[name] = value;
  return json;
}

const char* standing_name(Standing standing) {
  switch (standing) {
    case Standing::ahead:
      return "ahead";
    case Standing::behind:
      return "behind";
    case Standing::equal:
      return "equal";
    case Standing::unclear:
      return "no difference shown";
    case Standing::unknown:
      break;
  }
  return "unknown";
}

ordered_json versus_json(const VersusFirst& versus) {
  return {{"mean_difference", versus.mean},
          {"deviation_difference", versus.deviation},
          {"interval_95", interval_json(versus.interval)},
          {"pairs", versus.pairs},
          {"wins", versus.wins},
          {"ties", versus.ties},
          {"losses", versus.losses},
          {"p", versus.p},
          {"p_holm", versus.adjusted_p},
          {"detectable_difference", detectable_difference(versus)},
          {"verdict", standing_name(standing(versus))}};
}

ordered_json variant_json(const VariantAnalysis& variant, const std::vector<double>& targets) {
  ordered_json json = {{"variant", variant.variant},
                       {"optimizer", variant.optimizer},
                       {"tuned", settings_json(variant.tuned)},
                       {"runs", variant.runs},
                       {"finished", variant.finished},
                       {"diverged", variant.diverged},
                       {"failed", variant.failed},
                       {"final_test_accuracy", statistics_json(variant.final_accuracy)},
                       {"final_test_loss", statistics_json(variant.final_loss)}};
  if (!variant.best_accuracy.values.empty()) {
    json["test_accuracy_by_validation"] = statistics_json(variant.best_accuracy);
    json["test_loss_by_validation"] = statistics_json(variant.best_loss);
  }
  if (variant.versus_reference) json["versus_reference"] = versus_json(*variant.versus_reference);
  json["to_target"] = ordered_json::array();
  for (std::size_t i = 0; i < variant.to_target.size(); ++i) {
    const TargetStatistics& target = variant.to_target[i];
    json["to_target"].push_back({{"target", targets[i]},
                                 {"reached", target.reached},
                                 {"runs", target.runs},
                                 {"median_steps", target.median_steps}});
  }
  json["test_accuracy_by_epoch"] = variant.accuracy_by_epoch;
  return json;
}

ordered_json sensitivity_json(const SensitivityCurve& curve) {
  ordered_json bins = ordered_json::array();
  for (const SensitivityBin& bin : curve.bins) {
    bins.push_back({{"values", bin.label},
                    {"center", bin.center},
                    {"trials", bin.trials},
                    {"lost", bin.lost},
                    {"mean", bin.mean},
                    {"best", bin.best}});
  }
  return {{"option", curve.option}, {"range", curve.range}, {"bins", std::move(bins)}};
}

ordered_json tuning_json(const TuningAnalysis& tuning) {
  ordered_json budget = ordered_json::array();
  for (const BudgetPoint& point : tuning.by_budget) {
    budget.push_back(
        {{"trials", point.trials}, {"mean", point.mean}, {"deviation", point.deviation}});
  }
  ordered_json sensitivity = ordered_json::array();
  for (const SensitivityCurve& curve : tuning.sensitivity) {
    sensitivity.push_back(sensitivity_json(curve));
  }
  return {{"variant", tuning.variant},
          {"trials", tuning.trials},
          {"lost", tuning.lost},
          {"expected_test_accuracy", std::move(budget)},
          {"sensitivity", std::move(sensitivity)}};
}

ordered_json lost_json(const LostRun& run) {
  ordered_json json = {{"variant", run.variant}};
  if (run.phase == StudyPhase::tuning) json["trial"] = run.trial;
  json["seed"] = run.seed;
  json["end"] = run.end == RunEnd::diverged ? "diverged" : "failed";
  json["message"] = run.message;
  return json;
}

ordered_json task_json(const TaskAnalysis& task) {
  ordered_json json = {{"task", task.task},
                       {"conditions", settings_json(task.conditions)},
                       {"targets", task.targets},
                       {"targets_are_given", !task.has_own_target},
                       {"variants", ordered_json::array()},
                       {"tuning", ordered_json::array()},
                       {"lost", ordered_json::array()},
                       {"conclusion", task.conclusion}};
  for (const VariantAnalysis& variant : task.variants) {
    json["variants"].push_back(variant_json(variant, task.targets));
  }
  for (const TuningAnalysis& tuning : task.tuning) json["tuning"].push_back(tuning_json(tuning));
  for (const LostRun& run : task.lost) json["lost"].push_back(lost_json(run));
  return json;
}

ordered_json profile_json(const std::vector<ProfileCurve>& curves) {
  ordered_json json = ordered_json::array();
  for (const ProfileCurve& curve : curves) {
    ordered_json points = ordered_json::array();
    for (const ProfilePoint& point : curve.points) {
      points.push_back({{"ratio", point.ratio}, {"share", point.share}});
    }
    json.push_back(
        {{"variant", curve.solver}, {"score", curve.score}, {"points", std::move(points)}});
  }
  return json;
}

}  // namespace

std::string study_json(const StudyAnalysis& analysis) {
  ordered_json json = {{"title", analysis.title},
                       {"reference", analysis.reference},
                       {"comparisons", analysis.tests},
                       {"tasks", ordered_json::array()},
                       {"profile_of_steps_to_target", profile_json(analysis.steps_profile)},
                       {"profile_of_test_error", profile_json(analysis.error_profile)},
                       {"conclusion", analysis.conclusion}};
  for (const TaskAnalysis& task : analysis.tasks) json["tasks"].push_back(task_json(task));
  return text_of(json);
}

std::string study_times_json(const StudyAnalysis& analysis) {
  ordered_json json = {{"tasks", ordered_json::array()},
                       {"profile_of_seconds_to_target", profile_json(analysis.seconds_profile)}};
  for (const TaskAnalysis& task : analysis.tasks) {
    ordered_json variants = ordered_json::array();
    for (const VariantAnalysis& variant : task.variants) {
      ordered_json targets = ordered_json::array();
      for (std::size_t i = 0; i < variant.to_target.size(); ++i) {
        targets.push_back(
            {{"target", task.targets[i]}, {"median_seconds", variant.to_target[i].median_seconds}});
      }
      variants.push_back({{"variant", variant.variant},
                          {"seconds_per_run", statistics_json(variant.seconds)},
                          {"to_target", std::move(targets)}});
    }
    json["tasks"].push_back({{"task", task.task}, {"variants", std::move(variants)}});
  }
  return text_of(json);
}

}  // namespace plastic::apps

#include "apps/report/study_charts.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "apps/terminal/terminal_text.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

constexpr double percent = 100.0;

ordered_json figure(const char* kind, const std::string& title, const std::string& note,
                    const std::string& x, int digits) {
  return {{"kind", kind},      {"title", printable(title)}, {"note", note},
          {"x", printable(x)}, {"digits", digits},          {"series", ordered_json::array()}};
}

void add_series(ordered_json& figure, std::size_t group, ordered_json points) {
  if (points.empty()) return;
  figure["series"].push_back({{"group", group}, {"points", std::move(points)}});
}

void keep_if_drawn(ordered_json& figures, ordered_json figure) {
  if (!figure["series"].empty()) figures.push_back(std::move(figure));
}

ordered_json differences_figure(const TaskAnalysis& task, const std::string& reference,
                                ChartNames& names) {
  ordered_json chart =
      figure("intervals", "Final test accuracy against " + reference + ", points",
             "mean of the differences by seed, with its 95% interval", "points", 2);
  for (const VariantAnalysis& variant : task.variants) {
    if (!variant.versus_reference || variant.versus_reference->pairs == 0) continue;
    const VersusFirst& versus = *variant.versus_reference;
    ordered_json point = {{"mean", percent * versus.mean}};
    if (versus.interval.is_known()) {
      point["low"] = percent * versus.interval.low;
      point["high"] = percent * versus.interval.high;
    }
    add_series(chart, names.number(variant.variant), ordered_json::array({point}));
  }
  return chart;
}

ordered_json epochs_figure(const TaskAnalysis& task, ChartNames& names) {
  ordered_json chart =
      figure("lines", "Test accuracy, %",
             "mean over the seeds; bands are one sample deviation to either side", "epoch", 2);
  chart["whole"] = true;
  for (const VariantAnalysis& variant : task.variants) {
    ordered_json points = ordered_json::array();
    for (std::size_t epoch = 0; epoch < variant.accuracy_by_epoch.size(); ++epoch) {
      const double y = percent * variant.accuracy_by_epoch[epoch];
      const double deviation = percent * variant.deviation_by_epoch[epoch];
      ordered_json point = {{"x", epoch + 1}, {"y", y}};
      if (!std::isnan(deviation)) {
        point["low"] = y - deviation;
        point["high"] = y + deviation;
      }
      points.push_back(std::move(point));
    }
    add_series(chart, names.number(variant.variant), std::move(points));
  }
  return chart;
}

ordered_json budget_figure(const TaskAnalysis& task, ChartNames& names) {
  ordered_json chart = figure("lines", "Expected test accuracy by tuning budget, %",
                              "of the trial that validation chooses among so many", "trials", 2);
  chart["whole"] = true;
  for (const TuningAnalysis& tuning : task.tuning) {
    ordered_json points = ordered_json::array();
    for (const BudgetPoint& point : tuning.by_budget) {
      points.push_back({{"x", point.trials}, {"y", percent * point.mean}});
    }
    add_series(chart, names.number(tuning.variant), std::move(points));
  }
  return chart;
}

// The curves of one option, of all variants that tune it.
ordered_json sensitivity_figure(const TaskAnalysis& task, const std::string& option,
                                ChartNames& names) {
  std::vector<std::pair<std::string, const SensitivityCurve*>> curves;
  bool is_number = true;
  bool is_logarithmic = true;
  std::vector<std::string> labels;
  for (const TuningAnalysis& tuning : task.tuning) {
    for (const SensitivityCurve& curve : tuning.sensitivity) {
      if (curve.option != option) continue;
      curves.emplace_back(tuning.variant, &curve);
      is_number = is_number && curve.is_number;
      is_logarithmic = is_logarithmic && curve.is_logarithmic;
    }
  }
  ordered_json chart =
      figure("lines", "Validation accuracy by " + option + ", %",
             "mean of the trials in each range of it, whatever else they had", option, 2);
  for (const auto& [variant, curve] : curves) {
    ordered_json points = ordered_json::array();
    for (const SensitivityBin& bin : curve->bins) {
      if (std::isnan(bin.mean)) continue;
      ordered_json point = {{"x", bin.center}, {"y", percent * bin.mean}, {"label", bin.label}};
      if (!is_number) {
        auto label = std::ranges::find(labels, bin.label);
        if (label == labels.end()) label = labels.insert(labels.end(), bin.label);
        point = {{"x", label - labels.begin()}, {"y", percent * bin.mean}};
      }
      points.push_back(std::move(point));
    }
    add_series(chart, names.number(variant), std::move(points));
  }
  chart["logarithmic"] = is_number && is_logarithmic;
  if (!is_number) chart["labels"] = labels;
  return chart;
}

std::vector<std::string> tuned_options(const TaskAnalysis& task) {
  std::vector<std::string> options;
  for (const TuningAnalysis& tuning : task.tuning) {
    for (const SensitivityCurve& curve : tuning.sensitivity) {
      if (std::ranges::find(options, curve.option) == options.end()) {
        options.push_back(curve.option);
      }
    }
  }
  return options;
}

ordered_json profile_figure(const std::string& title, const std::vector<ProfileCurve>& curves,
                            ChartNames& names) {
  ordered_json chart =
      figure("lines", title, "share of the tasks that are within so many times the best",
             "ratio to the best", 1);
  chart["stepped"] = true;
  chart["share"] = true;
  // As far as something changes.
  double end = 1.0;
  for (const ProfileCurve& curve : curves) {
    for (const ProfilePoint& point : curve.points) end = std::max(end, point.ratio);
  }
  end = std::min(profile_end, 1.0 + 1.1 * std::max(end - 1.0, 0.05));
  chart["end"] = end;
  for (const ProfileCurve& curve : curves) {
    ordered_json points = ordered_json::array();
    for (const ProfilePoint& point : curve.points) {
      if (point.ratio > end) break;
      points.push_back({{"x", point.ratio}, {"y", percent * point.share}});
    }
    if (curve.points.back().ratio < end) {
      points.push_back({{"x", end}, {"y", points.back()["y"]}});
    }
    add_series(chart, names.number(curve.solver), std::move(points));
  }
  return chart;
}

}  // namespace

std::size_t ChartNames::number(const std::string& name) {
  const auto found = std::ranges::find(names_, name);
  if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
  names_.push_back(name);
  return names_.size() - 1;
}

ordered_json task_figures(const TaskAnalysis& task, const std::string& reference,
                          ChartNames& names) {
  ordered_json figures = ordered_json::array();
  keep_if_drawn(figures, differences_figure(task, reference, names));
  keep_if_drawn(figures, epochs_figure(task, names));
  keep_if_drawn(figures, budget_figure(task, names));
  for (const std::string& option : tuned_options(task)) {
    keep_if_drawn(figures, sensitivity_figure(task, option, names));
  }
  return figures;
}

ordered_json profile_figures(const StudyAnalysis& analysis, ChartNames& names) {
  ordered_json figures = ordered_json::array();
  keep_if_drawn(figures, profile_figure("Tasks within a ratio of the fewest steps to target, %",
                                        analysis.steps_profile, names));
  keep_if_drawn(figures, profile_figure("Tasks within a ratio of the least test error, %",
                                        analysis.error_profile, names));
  keep_if_drawn(figures, profile_figure("Tasks within a ratio of the fewest seconds to target, %",
                                        analysis.seconds_profile, names));
  return figures;
}

}  // namespace plastic::apps

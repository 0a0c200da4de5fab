#include "apps/tuning/range_report.h"

#include <nlohmann/json.hpp>

#include "apps/cli/values.h"
#include "apps/terminal/progress.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

ordered_json number_or_null(const std::optional<double>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json object_of(const Settings& settings) {
  ordered_json object = ordered_json::object();
  for (const auto& [name, value] : settings) object[name] = value;
  return object;
}

std::string rate_cell(const std::optional<double>& rate) {
  return rate ? text_of_rate(*rate) : "-";
}

}  // namespace

std::string range_table(const RangeReport& report) {
  constexpr int width = 12;
  std::string text = pad("seed", width) + pad("steepest", width) + pad("lowest", width) +
                     pad("lost from", width) + "steps\n";
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const RatePoints& points = report.advice.points[i];
    text += pad(std::to_string(report.runs[i].seed), width) +
            pad(rate_cell(points.steepest), width) + pad(rate_cell(points.lowest), width) +
            pad(rate_cell(points.lost), width) + std::to_string(report.runs[i].losses.size()) +
            (report.runs[i].has_diverged ? ", diverged" : "") + "\n";
  }
  text += "\n";
  for (const std::string& sentence : report.advice.sentences) text += sentence + "\n";
  if (report.advice.rate) {
    text += "\nsuggested  lr " + text_of_rate(*report.advice.rate) + "\n";
    for (const std::string& command : report.commands) text += "  " + command + "\n";
  }
  return text;
}

std::string range_json(const RangeReport& report) {
  ordered_json json = {{"optimizer", report.optimizer},
                       {"conditions", object_of(report.conditions)},
                       {"settings", object_of(report.settings)},
                       {"from", report.options.low},
                       {"to", report.options.high},
                       {"steps", report.options.steps},
                       {"suggested_lr", number_or_null(report.advice.rate)},
                       {"sentences", report.advice.sentences},
                       {"runs", ordered_json::array()}};
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const RatePoints& points = report.advice.points[i];
    const RateCurve& curve = report.advice.curves[i];
    json["runs"].push_back({{"seed", report.runs[i].seed},
                            {"diverged", report.runs[i].has_diverged},
                            {"steepest", number_or_null(points.steepest)},
                            {"lowest", number_or_null(points.lowest)},
                            {"lost", number_or_null(points.lost)},
                            {"learning_rate", curve.rates},
                            {"loss", report.runs[i].losses},
                            {"smooth_loss", curve.losses},
                            {"slope", curve.slopes}});
  }
  return json.dump(1) + "\n";
}

}  // namespace plastic::apps

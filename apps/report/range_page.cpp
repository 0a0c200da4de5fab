// The page of a learning-rate range test.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/cli/values.h"
#include "apps/report/assets.h"
#include "apps/report/html_text.h"
#include "apps/report/page_parts.h"
#include "apps/tuning/range_report.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

// Beyond what the loss was at the beginning, only how fast it grows could be seen.
constexpr double shown_times_first = 1.5;
// A chart 600 points wide shows no more.
constexpr std::size_t max_points = 400;

std::string cell(const std::optional<double>& rate) { return rate ? text_of_rate(*rate) : "-"; }

std::string points_table(const RangeReport& report) {
  std::vector<TableRow> rows;
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const RatePoints& points = report.advice.points[i];
    rows.push_back({"seed " + std::to_string(report.runs[i].seed), cell(points.steepest),
                    cell(points.lowest), cell(points.lost),
                    std::to_string(report.runs[i].losses.size()),
                    report.runs[i].has_diverged ? "diverged" : "all steps done"});
  }
  return table_html(
      "Learning rates at which the loss, smoothed, falls fastest, is lowest, and is "
      "back where it began.",
      {"", "steepest", "lowest", "lost from", "steps", "end"}, rows);
}

double top_of(const RangeReport& report) {
  double first = 0.0;
  for (const RateCurve& curve : report.advice.curves) {
    if (!curve.losses.empty()) first = std::max(first, curve.losses.front());
  }
  // A limit that is a tick.
  return std::ceil(2.0 * shown_times_first * first) / 2.0;
}

ordered_json points_of(const std::vector<double>& rates, const std::vector<double>& values) {
  ordered_json points = ordered_json::array();
  const std::size_t every = values.size() / max_points + 1;
  for (std::size_t i = 0; i < values.size(); i += every) {
    points.push_back({{"x", rates[i]}, {"y", values[i]}, {"label", text_of_rate(rates[i])}});
  }
  return points;
}

using Values = const std::vector<double>& (*)(const RangeReport&, std::size_t);

ordered_json figure(const RangeReport& report, const std::string& title, const std::string& note,
                    Values values) {
  ordered_json chart = {{"kind", "lines"},
                        {"title", title},
                        {"note", note},
                        {"x", "learning rate"},
                        {"digits", 3},
                        {"logarithmic", true},
                        {"plain", true},
                        {"series", ordered_json::array()},
                        {"marks", ordered_json::array()}};
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    ordered_json points = points_of(report.advice.curves[i].rates, values(report, i));
    if (points.empty()) continue;
    chart["series"].push_back({{"group", i}, {"points", std::move(points)}});
  }
  if (report.advice.rate) {
    chart["marks"].push_back(
        {{"x", *report.advice.rate}, {"text", "suggested " + text_of_rate(*report.advice.rate)}});
  }
  return chart;
}

std::string advice_html(const RangeReport& report) {
  std::string html;
  for (const std::string& sentence : report.advice.sentences) html += paragraph(sentence);
  if (!report.commands.empty()) {
    html += "<pre>" + escape_html(report.commands.front());
    for (std::size_t i = 1; i < report.commands.size(); ++i) {
      html += "\n" + escape_html(report.commands[i]);
    }
    html += "</pre>\n";
  }
  return html + points_table(report);
}

std::string conditions_html(const RangeReport& report) {
  std::string html = "<dl>";
  for (const Settings* part : {&report.conditions, &report.settings}) {
    for (const auto& [name, value] : *part) {
      html += "<dt>" + escape_html(name) + "</dt><dd>" + escape_html(value) + "</dd>\n";
    }
  }
  return html +
         "</dl>\n<p class=\"note\">The test: Smith, arXiv 1506.01186, 3.3. Curves are local lines "
         "through the losses of single batches, fitted with a Gaussian over the logarithm of the "
         "rate.</p>";
}

}  // namespace

std::string range_page(const RangeReport& report) {
  const std::string title =
      report.advice.rate
          ? "Learning rate " + text_of_rate(*report.advice.rate) + " for " + report.optimizer
          : "Learning rates of " + report.optimizer;
  ordered_json smooth = figure(
      report, "Training loss by learning rate", "smoothed; the rate rises from step to step",
      [](const RangeReport& of, std::size_t i) -> const auto& {
        return of.advice.curves[i].losses;
      });
  ordered_json slope = figure(
      report, "Slope of the loss", "its change while the rate grows to ten times itself",
      [](const RangeReport& of, std::size_t i) -> const auto& {
        return of.advice.curves[i].slopes;
      });
  ordered_json raw = figure(
      report, "Loss of each batch", "as it was",
      [](const RangeReport& of, std::size_t i) -> const auto& { return of.runs[i].losses; });
  const double top = top_of(report);
  for (ordered_json* chart : {&smooth, &raw}) (*chart)["limits"] = {0.0, top};
  slope["limits"] = {-std::ceil(top), std::ceil(top)};
  ordered_json names = ordered_json::array();
  for (const RangeRun& run : report.runs) names.push_back("seed " + std::to_string(run.seed));
  const ordered_json data = {
      {"names", std::move(names)},
      {"sections", {{{"figures", {std::move(smooth), std::move(slope), std::move(raw)}}}}}};
  const auto value = [&](std::string_view name) -> std::string {
    if (name == "title") return escape_html(title);
    if (name == "subtitle") {
      return escape_html("Range test from " + brief(report.options.low) + " to " +
                         brief(report.options.high) + " in " +
                         std::to_string(report.options.steps) + " steps");
    }
    if (name == "remarks") return "";
    if (name == "tables") return section(0, "What the test says", advice_html(report));
    if (name == "configuration") return conditions_html(report);
    if (name == "data") return escape_script_json(data.dump());
    if (name == "style") return std::string(page_style());
    if (name == "library") return std::string(chart_library());
    if (name == "script") return std::string(chart_script()) + std::string(study_script());
    fail("tune", "the page template names an unknown {{", name, "}}");
  };
  return fill_template(page_template(), value);
}

}  // namespace plastic::apps

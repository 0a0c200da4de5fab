#include "apps/html/report_table.h"

#include <algorithm>
#include <cmath>

#include "apps/comparison.h"
#include "apps/html/html_text.h"
#include "apps/progress.h"
#include "apps/statistics.h"

namespace plastic::apps {
namespace {

double last_accuracy(const ReportRun& run) { return run.epochs.back().number("test_accuracy"); }

double seconds(const ReportRun& run) {
  double sum = 0.0;
  for (const EpochRecord& epoch : run.epochs) sum += epoch.number("seconds");
  return sum;
}

OptimizerRuns summary(const ReportGroup& group) {
  OptimizerRuns runs{.optimizer = group.name, .accuracies = {}, .seconds = {}};
  for (const ReportRun& run : group.runs) {
    runs.accuracies.push_back(last_accuracy(run));
    runs.seconds.push_back(seconds(run));
  }
  return runs;
}

std::string plus_minus(double mean, double deviation, bool sign) {
  const std::string text = (sign && mean >= 0.0 ? "+" : "") + format_fixed(100.0 * mean, 2);
  return std::isnan(deviation) ? text : text + " ± " + format_fixed(100.0 * deviation, 2);
}

// The two cells of a group against the first one.
std::string versus_first(const ReportGroup& first, const ReportGroup& group) {
  std::vector<double> values;
  std::vector<double> references;
  for (const ReportRun& run : group.runs) {
    for (const ReportRun& reference : first.runs) {
      if (!run.seed || run.seed != reference.seed) continue;
      values.push_back(last_accuracy(run));
      references.push_back(last_accuracy(reference));
    }
  }
  if (values.empty()) return "<td>no common seed</td><td></td>";
  const PairedDifference difference = paired_difference(values, references);
  return "<td>" + plus_minus(difference.mean, difference.deviation, true) + "</td><td>" +
         std::to_string(difference.wins) + " of " + std::to_string(difference.pairs()) + "</td>";
}

std::string epochs_cell(const ReportGroup& group) {
  const auto [fewest, most] = std::minmax_element(
      group.runs.begin(), group.runs.end(), [](const ReportRun& a, const ReportRun& b) {
        return a.epochs.back().epoch < b.epochs.back().epoch;
      });
  const int low = fewest->epochs.back().epoch;
  const int high = most->epochs.back().epoch;
  return std::to_string(low) + (low == high ? "" : " to " + std::to_string(high));
}

}  // namespace

std::string table_html(const ReportData& data) {
  std::string html =
      "<table><caption>Test accuracy after the last epoch, mean ± deviation of a sample over the "
      "seeds; the difference to the first row, seed by seed</caption><thead><tr>"
      "<th scope=\"col\">optimizer</th><th scope=\"col\">runs</th><th scope=\"col\">epochs</th>"
      "<th scope=\"col\">test accuracy, %</th><th scope=\"col\">points vs first</th>"
      "<th scope=\"col\">seeds won</th><th scope=\"col\">seconds a run</th></tr></thead><tbody>";
  const ReportGroup& first = data.groups.front();
  for (const ReportGroup& group : data.groups) {
    const OptimizerRuns runs = summary(group);
    html += "<tr><th scope=\"row\">" + escape_html(group.name) + "</th><td>" +
            std::to_string(group.runs.size()) + "</td><td>" + epochs_cell(group) + "</td><td>" +
            plus_minus(mean(runs.accuracies), sample_deviation(runs.accuracies), false) + "</td>" +
            (&group == &first ? "<td>(first)</td><td></td>" : versus_first(first, group)) + "<td>" +
            format_fixed(mean(runs.seconds), 2) + "</td></tr>\n";
  }
  return html + "</tbody></table>";
}

std::string conclusion_text(const ReportData& data) {
  if (data.groups.size() < 2) return "";
  const std::vector<ReportRun>& first = data.groups.front().runs;
  std::vector<OptimizerRuns> rows;
  for (const ReportGroup& group : data.groups) {
    const bool same_seeds = std::equal(
        first.begin(), first.end(), group.runs.begin(), group.runs.end(),
        [](const ReportRun& a, const ReportRun& b) { return a.seed && a.seed == b.seed; });
    if (!same_seeds) return "";
    rows.push_back(summary(group));
  }
  return conclusion(rows);
}

}  // namespace plastic::apps

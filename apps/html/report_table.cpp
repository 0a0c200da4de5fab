#include "apps/html/report_table.h"

#include <algorithm>

#include "apps/comparison.h"
#include "apps/html/html_text.h"

namespace plastic::apps {
namespace {

OptimizerRuns summary(const ReportGroup& group) {
  OptimizerRuns row{.name = group.name, .label = group.name, .runs = {}, .planned = 0};
  for (const ReportRun& run : group.runs) {
    SeedRun ended{.seed = run.seed,
                  .end = run.divergence ? RunEnd::diverged : RunEnd::finished,
                  .epochs = run.epochs.empty() ? 0 : run.epochs.back().epoch};
    for (const EpochRecord& epoch : run.epochs) ended.seconds += epoch.number("seconds");
    if (!run.epochs.empty()) ended.accuracy = run.epochs.back().number("test_accuracy");
    row.runs.push_back(ended);
  }
  return row;
}

int last_epoch(const ReportRun& run) { return run.epochs.empty() ? 0 : run.epochs.back().epoch; }

std::string epochs_cell(const ReportGroup& group) {
  const auto [fewest, most] = std::minmax_element(
      group.runs.begin(), group.runs.end(),
      [](const ReportRun& a, const ReportRun& b) { return last_epoch(a) < last_epoch(b); });
  const int low = last_epoch(*fewest);
  const int high = last_epoch(*most);
  return std::to_string(low) + (low == high ? "" : " to " + std::to_string(high));
}

}  // namespace

std::string table_html(const ReportData& data) {
  std::string html =
      "<table><caption>Test accuracy after the last epoch, mean ± deviation of a sample over the "
      "seeds; the difference to the first row, seed by seed</caption><thead><tr>"
      "<th scope=\"col\">optimizer</th><th scope=\"col\">runs</th><th scope=\"col\">epochs</th>"
      "<th scope=\"col\">test accuracy, %</th><th scope=\"col\">points vs first</th>"
      "<th scope=\"col\">seeds won</th><th scope=\"col\">seconds per "
      "run</th><td></td></tr></thead><tbody>";
  std::vector<OptimizerRuns> rows;
  for (const ReportGroup& group : data.groups) rows.push_back(summary(group));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ComparisonCells cells = comparison_cells(rows.front(), rows[i]);
    html += "<tr><th scope=\"row\">" + escape_html(rows[i].label) + "</th><td>" +
            std::to_string(rows[i].runs.size()) + "</td><td>" + epochs_cell(data.groups[i]) +
            "</td><td>" + cells.accuracy + "</td><td>" + cells.difference + "</td><td>" +
            cells.wins + "</td><td>" + cells.seconds + "</td><td>" + cells.note + "</td></tr>\n";
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

#include "apps/report/report_table.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "apps/cli/values.h"
#include "apps/report/html_text.h"
#include "apps/study/comparison/comparison.h"
#include "apps/terminal/progress.h"

namespace plastic::apps {
namespace {

int last_epoch(const ReportRun& run) { return run.epochs.empty() ? 0 : run.epochs.back().epoch; }

OptimizerRuns summary(const ReportGroup& group) {
  OptimizerRuns row{
      .name = group.label, .label = group.label, .runs = {}, .planned = group.planned};
  for (const ReportRun& run : group.runs) {
    SeedRun ended{.seed = run.seed, .end = run.end, .epochs = last_epoch(run)};
    for (const EpochRecord& epoch : run.epochs) ended.seconds += epoch.number("seconds");
    if (!run.epochs.empty()) {
      ended.accuracy = run.epochs.back().number("test_accuracy");
      ended.validation_accuracy = run.epochs.back().number("validation_accuracy");
      if (!std::isnan(ended.validation_accuracy)) {
        ended.chosen_accuracy = chosen_epoch(run.epochs)->number("test_accuracy");
      }
    }
    row.runs.push_back(ended);
  }
  return row;
}

std::vector<OptimizerRuns> rows_of(const ReportTable& table) {
  std::vector<OptimizerRuns> rows;
  for (const ReportGroup& group : table.groups) {
    rows.push_back(summary(group));
    // Sentences have the short name where it is one group's alone.
    const auto same = std::ranges::count(table.groups, group.name, &ReportGroup::name);
    if (same == 1) rows.back().name = group.name;
  }
  return rows;
}

// "3", "3 to 7", "-".
std::string range_cell(const std::vector<int>& numbers) {
  if (numbers.empty()) return "-";
  const auto [low, high] = std::ranges::minmax(numbers);
  return std::to_string(low) + (low == high ? "" : " to " + std::to_string(high));
}

std::string epochs_cell(const ReportGroup& group) {
  std::vector<int> epochs;
  for (const ReportRun& run : group.runs) epochs.push_back(last_epoch(run));
  return range_cell(epochs);
}

// The chosen epochs of the runs whose test accuracy at best validation is in the mean.
std::string chosen_epochs_cell(const ReportGroup& group) {
  std::vector<int> epochs;
  for (const ReportRun& run : group.runs) {
    const auto chosen = chosen_epoch(run.epochs);
    const bool has_one = run.end == RunEnd::finished && chosen != run.epochs.end() &&
                         !std::isnan(chosen->number("validation_accuracy"));
    if (has_one) epochs.push_back(chosen->epoch);
  }
  return range_cell(epochs);
}

// How far each run is that has not finished.
std::string note_cell(const ReportGroup& group, const std::string& note) {
  std::vector<std::string> parts;
  if (!note.empty()) parts.push_back(note);
  for (const ReportRun& run : group.runs) {
    const std::string seed = run.seed ? "seed " + std::to_string(*run.seed) + ": " : "";
    if (run.end == RunEnd::diverged) parts.push_back(seed + run.divergence->where);
    if (run.end != RunEnd::unfinished || run.epochs.empty()) continue;
    parts.push_back(seed + format_percent(run.epochs.back().number("test_accuracy")) + " after " +
                    std::to_string(last_epoch(run)) + " of " + std::to_string(run.planned_epochs) +
                    " epochs");
  }
  return join(parts, "; ");
}

bool have_same_seeds(const ReportTable& table) {
  const auto seeds_of = [](const ReportGroup& group) {
    std::set<std::uint64_t> seeds;
    for (const ReportRun& run : group.runs) {
      if (run.seed) seeds.insert(*run.seed);
    }
    return seeds;
  };
  const std::set<std::uint64_t> first = seeds_of(table.groups.front());
  return !first.empty() && std::ranges::all_of(table.groups, [&](const ReportGroup& group) {
    return group.runs.size() == first.size() && seeds_of(group) == first;
  });
}

}  // namespace

std::string table_html(const ReportTable& table) {
  const std::vector<OptimizerRuns> rows = rows_of(table);
  const std::vector<ComparisonCells> all_cells = comparison_cells(rows);
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    notes.push_back(note_cell(table.groups[i], all_cells[i].note));
  }
  const bool has_notes =
      std::ranges::any_of(notes, [](const std::string& note) { return !note.empty(); });
  // One row has nothing to be compared with.
  const bool is_compared = rows.size() > 1;
  const bool shows_validation = has_validation(rows);
  std::string html =
      std::string(
          "<table><caption>Test accuracy after the last epoch, mean ± deviation of a "
          "sample over the seeds") +
      (is_compared
           ? "; the difference to the first row, seed by seed, with the 95% interval of its "
             "mean; p of Wilcoxon's signed-rank test after Holm's correction over the rows"
           : "") +
      (shows_validation ? "; the validation accuracy then, and the test accuracy after the epoch "
                          "that validation would choose"
                        : "") +
      "</caption><thead><tr>"
      "<th scope=\"col\">optimizer</th><th scope=\"col\">runs</th><th scope=\"col\">epochs</th>"
      "<th scope=\"col\">test accuracy, %</th>" +
      (shows_validation ? "<th scope=\"col\">validation accuracy, %</th>"
                          "<th scope=\"col\">test at best validation, %</th>"
                          "<th scope=\"col\">in epoch</th>"
                        : "") +
      (is_compared ? "<th scope=\"col\">points vs first [95%]</th><th scope=\"col\">seeds won</th>"
                     "<th scope=\"col\">p</th>"
                   : "") +
      "<th scope=\"col\">seconds per run</th>";
  if (has_notes) html += "<th scope=\"col\" class=\"note\">not in the mean</th>";
  html += "</tr></thead><tbody>";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ComparisonCells& cells = all_cells[i];
    html += "<tr><th scope=\"row\">" + escape_html(rows[i].label) + "</th>";
    std::vector<std::string> texts = {std::to_string(rows[i].runs.size()),
                                      epochs_cell(table.groups[i]), cells.accuracy};
    if (shows_validation) {
      texts.insert(texts.end(),
                   {cells.validation, cells.chosen, chosen_epochs_cell(table.groups[i])});
    }
    if (is_compared) texts.insert(texts.end(), {cells.difference, cells.wins, cells.p});
    texts.push_back(cells.seconds);
    for (const std::string& text : texts) html += "<td>" + escape_html(text) + "</td>";
    if (has_notes) html += "<td class=\"note\">" + escape_html(notes[i]) + "</td>";
    html += "</tr>\n";
  }
  return html + "</tbody></table>";
}

std::string conclusion_text(const ReportTable& table) {
  if (table.groups.size() < 2 || !have_same_seeds(table)) return "";
  return conclusion(rows_of(table));
}

}  // namespace plastic::apps

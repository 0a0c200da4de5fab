#include "apps/study/comparison/comparison.h"

#include <algorithm>
#include <cmath>

#include "apps/cli/values.h"
#include "apps/study/comparison/verdict.h"
#include "apps/study/statistics/statistics.h"
#include "apps/terminal/progress.h"

namespace plastic::apps {
namespace {

// Mean and deviation in percent.
std::string mean_text(const std::vector<double>& fractions) {
  if (fractions.empty()) return "-";
  const double deviation = sample_deviation(fractions);
  const std::string text = format_fixed(100.0 * mean(fractions), 2);
  return std::isnan(deviation) ? text : text + " ± " + format_fixed(100.0 * deviation, 2);
}

std::string of_planned(std::size_t count, std::size_t total) {
  return of_seeds(static_cast<int>(count), static_cast<int>(total));
}

std::size_t planned(const OptimizerRuns& row) { return std::max(row.planned, row.runs.size()); }

std::vector<double> of_finished(const OptimizerRuns& row, double SeedRun::*number) {
  std::vector<double> numbers;
  for (const SeedRun& run : row.runs) {
    if (run.end == RunEnd::finished && !std::isnan(run.*number)) numbers.push_back(run.*number);
  }
  return numbers;
}

std::string divergence(const OptimizerRuns& row) {
  const int diverged = count(row, RunEnd::diverged);
  if (diverged == 0) return "";
  return "diverged " + of_planned(static_cast<std::size_t>(diverged), planned(row));
}

ComparisonCells cells_of(const OptimizerRuns& row, const VersusFirst& versus, bool is_first) {
  const std::vector<double> reached = accuracies(row);
  ComparisonCells cells;
  if (reached.empty()) {
    cells.accuracy = count(row, RunEnd::diverged) > 0 ? "diverged" : "-";
    cells.seconds = "-";
  } else {
    cells.accuracy = mean_text(reached);
    cells.validation = mean_text(validation_accuracies(row));
    cells.chosen = mean_text(chosen_accuracies(row));
    cells.seconds = format_fixed(mean(seconds(row)), 2);
  }
  if (is_first) {
    cells.difference = "(first)";
  } else {
    cells.difference = versus.pairs == 0 ? "-" : difference_text(versus.mean, versus.interval);
    cells.wins = versus.seeds() == 0
                     ? "-"
                     : std::to_string(versus.wins) + " of " + std::to_string(versus.seeds());
    cells.p = p_text(versus.adjusted_p);
  }
  std::vector<std::string> notes;
  if (const std::string diverged = divergence(row); !diverged.empty()) notes.push_back(diverged);
  const std::size_t ended = reached.size() + static_cast<std::size_t>(count(row, RunEnd::diverged));
  if (ended < planned(row)) {
    notes.push_back("not finished " + of_planned(planned(row) - ended, planned(row)));
  }
  cells.note = join(notes);
  return cells;
}

}  // namespace

std::vector<double> accuracies(const OptimizerRuns& row) {
  return of_finished(row, &SeedRun::accuracy);
}

std::vector<double> seconds(const OptimizerRuns& row) {
  return of_finished(row, &SeedRun::seconds);
}

std::vector<double> validation_accuracies(const OptimizerRuns& row) {
  return of_finished(row, &SeedRun::validation_accuracy);
}

std::vector<double> chosen_accuracies(const OptimizerRuns& row) {
  return of_finished(row, &SeedRun::chosen_accuracy);
}

bool has_validation(std::span<const OptimizerRuns> rows) {
  return std::ranges::any_of(
      rows, [](const OptimizerRuns& row) { return !validation_accuracies(row).empty(); });
}

int count(const OptimizerRuns& row, RunEnd end) {
  return static_cast<int>(std::ranges::count(row.runs, end, &SeedRun::end));
}

std::vector<VersusFirst> versus_first(std::span<const OptimizerRuns> rows) {
  std::vector<VersusFirst> all(rows.size());
  std::vector<VersusFirst*> tested;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    all[i] = versus_first(rows.front().runs, rows[i].runs);
    tested.push_back(&all[i]);
  }
  adjust_together(tested);
  return all;
}

std::vector<ComparisonCells> comparison_cells(std::span<const OptimizerRuns> rows) {
  const std::vector<VersusFirst> versus = versus_first(rows);
  std::vector<ComparisonCells> cells;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    cells.push_back(cells_of(rows[i], versus[i], i == 0));
  }
  return cells;
}

std::string comparison_table(std::span<const OptimizerRuns> rows) {
  constexpr int min_name_width = 14;
  constexpr int accuracy_width = 18;
  constexpr int difference_width = 26;
  constexpr int wins_width = 12;
  constexpr int p_width = 9;
  constexpr int seconds_width = 17;
  int name_width = min_name_width;
  for (const OptimizerRuns& row : rows) {
    name_width = std::max(name_width, static_cast<int>(std::ssize(row.label)) + 2);
  }
  const bool shows_validation = has_validation(rows);
  const auto validation_cell = [&](const std::string& text) {
    return shows_validation ? pad(text, accuracy_width) : "";
  };
  std::string table = pad("optimizer", name_width) + validation_cell("validation, %") +
                      pad("test accuracy, %", accuracy_width) +
                      pad("points vs first [95%]", difference_width) +
                      pad("seeds won", wins_width) + pad("p", p_width) + "seconds per run\n";
  const std::vector<ComparisonCells> all = comparison_cells(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ComparisonCells& cells = all[i];
    table += pad(rows[i].label, name_width) + validation_cell(cells.validation) +
             pad(cells.accuracy, accuracy_width) + pad(cells.difference, difference_width) +
             pad(cells.wins, wins_width) + pad(cells.p, p_width) +
             (cells.note.empty() ? cells.seconds : pad(cells.seconds, seconds_width) + cells.note) +
             "\n";
  }
  return table;
}

namespace {

std::string verdicts_of(std::span<const OptimizerRuns> rows) {
  const std::vector<VersusFirst> versus = versus_first(rows);
  std::vector<NamedVersus> named;
  for (std::size_t i = 1; i < rows.size(); ++i) named.push_back({rows[i].name, versus[i]});
  return verdicts(rows.front().name, named);
}

}  // namespace

std::string conclusion(std::span<const OptimizerRuns> rows) {
  const OptimizerRuns* best = nullptr;
  double best_mean = 0.0;
  for (const OptimizerRuns& row : rows) {
    const std::vector<double> reached = accuracies(row);
    if (reached.empty() || (best != nullptr && mean(reached) <= best_mean)) continue;
    best = &row;
    best_mean = mean(reached);
  }
  std::string text;
  if (best == nullptr) {
    text = "No run has finished.";
  } else {
    text = "Best mean test accuracy: " + best->name + ", " + format_percent(best_mean) + "." +
           verdicts_of(rows);
  }
  std::vector<std::string> diverged;
  for (const OptimizerRuns& row : rows) {
    if (count(row, RunEnd::diverged) > 0) diverged.push_back(row.name + " " + divergence(row));
  }
  if (!diverged.empty()) {
    text += " Means leave out the runs that diverged: " + join(diverged, "; ") + ".";
  }
  return text;
}

}  // namespace plastic::apps

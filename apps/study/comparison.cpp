#include "apps/study/comparison.h"

#include <algorithm>
#include <cmath>

#include "apps/cli/values.h"
#include "apps/study/statistics.h"
#include "apps/terminal/progress.h"

namespace plastic::apps {
namespace {

// Fewer seeds than this say little about the spread.
constexpr std::size_t few_seeds = 5;

std::string plus_minus(double mean, double deviation, bool sign) {
  const std::string text = (sign && mean >= 0.0 ? "+" : "") + format_fixed(100.0 * mean, 2);
  return std::isnan(deviation) ? text : text + " ± " + format_fixed(100.0 * deviation, 2);
}

std::string mean_text(const std::vector<double>& fractions) {
  if (fractions.empty()) return "-";
  return plus_minus(mean(fractions), sample_deviation(fractions), false);
}

std::string points(double fraction) {
  return format_fixed(100.0 * std::abs(fraction), 2) + " points";
}

std::string of_seeds(std::size_t count, std::size_t total) {
  if (total == 1) return "in the only seed";
  return "in " + std::to_string(count) + " of " + std::to_string(total) + " seeds";
}

std::string of_seeds(int count, int total) {
  return of_seeds(static_cast<std::size_t>(count), static_cast<std::size_t>(total));
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
  return "diverged " + of_seeds(static_cast<std::size_t>(diverged), planned(row));
}

enum class Standing { ahead, behind, equal, unclear, unknown };

// How `other` did against the first optimizer.
Standing standing(const VersusFirst& versus) {
  if (versus.pairs == 0) return Standing::unknown;
  const int all = versus.seeds();
  if (versus.ties == all) return Standing::equal;
  // False also for one seed, which has no deviation.
  const bool inside_deviation = std::abs(versus.mean) <= versus.deviation;
  if (inside_deviation) return Standing::unclear;
  // Where seeds are won by the other's divergence alone, the mean may say the opposite.
  if (versus.wins == all && versus.mean > 0.0) return Standing::ahead;
  if (versus.losses == all && versus.mean < 0.0) return Standing::behind;
  return Standing::unclear;
}

// "b is ahead of a by 2.17 points in 3 of 3 seeds. c, d: no clear difference to a."
std::string verdicts(std::span<const OptimizerRuns> rows) {
  const OptimizerRuns& first = rows.front();
  std::vector<std::string> sentences;
  std::vector<std::string> unclear, equal, unknown;
  for (const OptimizerRuns& other : rows.subspan(1)) {
    const VersusFirst versus = versus_first(first, other);
    const Standing place = standing(versus);
    if (place == Standing::unclear) unclear.push_back(other.name);
    if (place == Standing::equal) equal.push_back(other.name);
    if (place == Standing::unknown) unknown.push_back(other.name);
    if (place != Standing::ahead && place != Standing::behind) continue;
    const bool is_ahead = place == Standing::ahead;
    sentences.push_back((is_ahead ? other : first).name + " is ahead of " +
                        (is_ahead ? first : other).name + " by " + points(versus.mean) + " " +
                        of_seeds(versus.seeds(), versus.seeds()));
  }
  const auto add = [&](const std::vector<std::string>& names, const std::string& what) {
    if (!names.empty()) sentences.push_back(join(names) + ": " + what + " " + first.name);
  };
  add(unclear, "no clear difference to");
  add(equal, "equal to");
  add(unknown, "no seed finished both here and with");
  std::string text;
  for (const std::string& sentence : sentences) text += " " + sentence + ".";
  return text;
}

std::string seeds_remark(std::size_t seeds) {
  if (seeds == 1) {
    return " One seed says nothing about the spread: this is an example, not evidence.";
  }
  if (seeds > 0 && seeds < few_seeds) {
    return " " + std::to_string(seeds) + " seeds are few: take this as a hint, not as proof.";
  }
  return "";
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

VersusFirst versus_first(const OptimizerRuns& first, const OptimizerRuns& row) {
  VersusFirst versus;
  std::vector<double> values;
  std::vector<double> references;
  for (const SeedRun& run : row.runs) {
    const auto other = std::ranges::find(first.runs, run.seed, &SeedRun::seed);
    if (!run.seed || other == first.runs.end()) continue;
    if (run.end == RunEnd::unfinished || other->end == RunEnd::unfinished) continue;
    const bool is_finished = run.end == RunEnd::finished;
    const bool is_other_finished = other->end == RunEnd::finished;
    if (is_finished && is_other_finished) {
      values.push_back(run.accuracy);
      references.push_back(other->accuracy);
    } else if (is_finished) {
      ++versus.wins;
    } else if (is_other_finished) {
      ++versus.losses;
    } else {
      ++versus.ties;
    }
  }
  if (values.empty()) return versus;
  const PairedDifference difference = paired_difference(values, references);
  versus.pairs = difference.pairs();
  versus.mean = difference.mean;
  versus.deviation = difference.deviation;
  versus.wins += difference.wins;
  versus.ties += difference.ties;
  versus.losses += difference.losses;
  return versus;
}

ComparisonCells comparison_cells(const OptimizerRuns& first, const OptimizerRuns& row) {
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
  if (&row == &first) {
    cells.difference = "(first)";
  } else {
    const VersusFirst versus = versus_first(first, row);
    cells.difference = versus.pairs == 0 ? "-" : plus_minus(versus.mean, versus.deviation, true);
    cells.wins = versus.seeds() == 0
                     ? "-"
                     : std::to_string(versus.wins) + " of " + std::to_string(versus.seeds());
  }
  std::vector<std::string> notes;
  if (const std::string diverged = divergence(row); !diverged.empty()) notes.push_back(diverged);
  const std::size_t ended = reached.size() + static_cast<std::size_t>(count(row, RunEnd::diverged));
  if (ended < planned(row)) {
    notes.push_back("not finished " + of_seeds(planned(row) - ended, planned(row)));
  }
  cells.note = join(notes);
  return cells;
}

std::string comparison_table(std::span<const OptimizerRuns> rows) {
  constexpr int min_name_width = 14;
  constexpr int accuracy_width = 18;
  constexpr int difference_width = 24;
  constexpr int wins_width = 12;
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
                      pad("points vs first", difference_width) + pad("seeds won", wins_width) +
                      "seconds per run\n";
  for (const OptimizerRuns& row : rows) {
    const ComparisonCells cells = comparison_cells(rows.front(), row);
    table += pad(row.label, name_width) + validation_cell(cells.validation) +
             pad(cells.accuracy, accuracy_width) + pad(cells.difference, difference_width) +
             pad(cells.wins, wins_width) +
             (cells.note.empty() ? cells.seconds : pad(cells.seconds, seconds_width) + cells.note) +
             "\n";
  }
  return table;
}

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
           verdicts(rows);
  }
  std::vector<std::string> diverged;
  for (const OptimizerRuns& row : rows) {
    if (count(row, RunEnd::diverged) > 0) diverged.push_back(row.name + " " + divergence(row));
  }
  if (!diverged.empty()) {
    text += " Means leave out the runs that diverged: " + join(diverged, "; ") + ".";
  }
  std::size_t seeds = 0;
  for (const OptimizerRuns& row : rows) seeds = std::max(seeds, accuracies(row).size());
  text += seeds_remark(seeds);
  return text;
}

}  // namespace plastic::apps

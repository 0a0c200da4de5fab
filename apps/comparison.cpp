#include "apps/comparison.h"

#include <algorithm>
#include <cmath>

#include "apps/progress.h"
#include "apps/statistics.h"
#include "apps/values.h"

namespace plastic::apps {
namespace {

// Fewer seeds than this say little about the spread.
constexpr std::size_t few_seeds = 5;

std::string plus_minus(double mean, double deviation, bool sign) {
  const std::string text = (sign && mean >= 0.0 ? "+" : "") + format_fixed(100.0 * mean, 2);
  return std::isnan(deviation) ? text : text + " ± " + format_fixed(100.0 * deviation, 2);
}

std::string points(double fraction) {
  return format_fixed(100.0 * std::abs(fraction), 2) + " points";
}

std::string of_seeds(int count, int total) {
  if (total == 1) return "in the only seed";
  return "in " + std::to_string(count) + " of " + std::to_string(total) + " seeds";
}

// How `other` did against the first optimizer.
std::string verdict(const OptimizerRuns& first, const OptimizerRuns& other) {
  const PairedDifference difference = paired_difference(other.accuracies, first.accuracies);
  const int all = difference.pairs();
  if (difference.ties == all) {
    return other.optimizer + " and " + first.optimizer + " are equal " + of_seeds(all, all);
  }
  const bool unanimous = difference.wins == all || difference.losses == all;
  // False also for one seed, which has no deviation.
  const bool inside_deviation = std::abs(difference.mean) <= difference.deviation;
  if (unanimous && !inside_deviation) {
    const bool other_wins = difference.wins == all;
    return (other_wins ? other : first).optimizer + " is ahead of " +
           (other_wins ? first : other).optimizer + " by " + points(difference.mean) + " " +
           of_seeds(all, all);
  }
  return other.optimizer + " and " + first.optimizer + " cannot be told apart (" + other.optimizer +
         " " + plus_minus(difference.mean, difference.deviation, true) + " points, ahead " +
         of_seeds(difference.wins, all) + ")";
}

}  // namespace

std::string comparison_table(std::span<const OptimizerRuns> runs) {
  constexpr int name_width = 14;
  constexpr int accuracy_width = 18;
  constexpr int difference_width = 24;
  constexpr int wins_width = 12;
  const OptimizerRuns& first = runs.front();
  std::string table = pad("optimizer", name_width) + pad("test accuracy, %", accuracy_width) +
                      pad("points vs first", difference_width) + pad("seeds won", wins_width) +
                      "seconds a run\n";
  for (const OptimizerRuns& row : runs) {
    std::string difference_text = "(first)";
    std::string wins_text;
    if (&row != &first) {
      const PairedDifference difference = paired_difference(row.accuracies, first.accuracies);
      difference_text = plus_minus(difference.mean, difference.deviation, true);
      wins_text = std::to_string(difference.wins) + " of " + std::to_string(difference.pairs());
    }
    table += pad(row.optimizer, name_width) +
             pad(plus_minus(mean(row.accuracies), sample_deviation(row.accuracies), false),
                 accuracy_width) +
             pad(difference_text, difference_width) + pad(wins_text, wins_width) +
             format_fixed(mean(row.seconds), 2) + "\n";
  }
  return table;
}

std::string conclusion(std::span<const OptimizerRuns> runs) {
  const auto best = std::max_element(runs.begin(), runs.end(),
                                     [](const OptimizerRuns& a, const OptimizerRuns& b) {
                                       return mean(a.accuracies) < mean(b.accuracies);
                                     });
  std::vector<std::string> verdicts;
  for (const OptimizerRuns& other : runs.subspan(1)) {
    verdicts.push_back(verdict(runs.front(), other));
  }
  std::string text = "The highest mean test accuracy is " + best->optimizer + "'s, " +
                     format_percent(mean(best->accuracies)) + ": " + join(verdicts, "; ") + ".";
  const std::size_t seeds = runs.front().accuracies.size();
  if (seeds == 1) {
    text += " One seed says nothing about the spread: this is an example, not evidence.";
  } else if (seeds < few_seeds) {
    text += " " + std::to_string(seeds) + " seeds are few: take this as a hint, not as proof.";
  }
  return text;
}

}  // namespace plastic::apps

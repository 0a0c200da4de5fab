#include "apps/study/comparison/verdict.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "apps/cli/values.h"
#include "apps/study/statistics/signed_rank.h"
#include "apps/terminal/progress.h"
#include "core/number_text.h"

namespace plastic::apps {
namespace {

constexpr double least_shown_p = 0.001;

std::string points(double fraction, bool has_sign) {
  // What is shown as 0 has no sign of its own.
  if (std::abs(fraction) < 0.5e-4) fraction = 0.0;
  const std::string text = format_fixed(100.0 * fraction, 2);
  return has_sign && fraction >= 0.0 ? "+" + text : text;
}

std::string p_phrase(double p) {
  const std::string text = p_text(p);
  return text.starts_with("<") ? "p " + text : "p = " + text;
}

std::string interval_phrase(const Interval& interval, bool has_sign) {
  if (!interval.is_known()) return "";
  return "95% interval " + points(interval.low, has_sign) + " to " +
         points(interval.high, has_sign) + ", ";
}

std::string ahead_sentence(const std::string& first, const NamedVersus& row) {
  const VersusFirst& versus = row.versus;
  const bool is_ahead = standing(versus) == Standing::ahead;
  const std::string& winner = is_ahead ? row.name : first;
  const std::string& loser = is_ahead ? first : row.name;
  const std::string seeds = of_seeds(is_ahead ? versus.wins : versus.losses, versus.seeds());
  const std::string head = winner + " is ahead of " + loser;
  if (versus.pairs == 0) {
    return head + ", which diverged " + seeds + " (" + p_phrase(versus.adjusted_p) + ")";
  }
  const Interval towards =
      is_ahead ? versus.interval : Interval{-versus.interval.high, -versus.interval.low};
  return head + " by " + points(std::abs(versus.mean), false) + " points " + seeds + " (" +
         interval_phrase(towards, false) + p_phrase(versus.adjusted_p) + ")";
}

// Where a difference could have been shown.
std::string unclear_phrase(const NamedVersus& row) {
  const VersusFirst& versus = row.versus;
  std::string text = row.name + " (";
  if (versus.pairs > 0) {
    text += points(versus.mean, true) + " points, " + interval_phrase(versus.interval, true);
  }
  text += p_phrase(versus.adjusted_p);
  const double detectable = detectable_difference(versus);
  if (!std::isnan(detectable)) {
    text += "; about " + points(detectable, false) + " points would have shown four times in five";
  }
  return text + ")";
}

// Where divergences, or a few large differences, make the mean point the other way.
std::string torn_sentence(const std::string& first, const NamedVersus& row) {
  const VersusFirst& versus = row.versus;
  const bool is_ahead = versus.rank_balance > 0.0;
  return row.name + " is " + (is_ahead ? "ahead of " : "behind ") + first + " " +
         of_seeds(is_ahead ? versus.wins : versus.losses, versus.seeds()) + " (" +
         p_phrase(versus.adjusted_p) + "), yet " + points(std::abs(versus.mean), false) +
         " points " + (is_ahead ? "below" : "above") +
         " it on average where both finished: neither counts as ahead";
}

std::string too_few_sentence(const std::string& first, const std::vector<std::string>& names,
                             const VersusFirst& versus) {
  const int seeds = versus.seeds();
  const int tests = versus.tests;
  if (seeds == 1) {
    return "One seed says nothing about the spread: this is an example, not evidence";
  }
  std::string text = std::to_string(seeds) + " seeds cannot show a difference between " + first +
                     " and " + join(names) +
                     ", whatever they give: the smallest p of Wilcoxon's test with " +
                     std::to_string(seeds) + " pairs is " + p_text(least_p(seeds));
  if (tests > 1) {
    text += ", " + p_text(versus.least_adjusted_p) + " after Holm's correction for " +
            std::to_string(tests) + " comparisons";
  }
  return text + ". It takes " + std::to_string(least_pairs(significance_level, tests)) +
         " seeds or more to get below 0.05";
}

}  // namespace

std::string of_seeds(int count, int total) {
  if (total == 1) return "in the only seed";
  return "in " + std::to_string(count) + " of " + std::to_string(total) + " seeds";
}

std::string difference_text(double mean, const Interval& interval) {
  const std::string text = points(mean, true);
  if (!interval.is_known()) return text;
  return text + " [" + points(interval.low, true) + ", " + points(interval.high, true) + "]";
}

std::string p_text(double p) {
  if (std::isnan(p)) return "-";
  if (p < least_shown_p) return "< 0.001";
  constexpr int max_decimals = 9;
  for (int decimals = 3;; ++decimals) {
    std::string text = format_fixed(p, decimals);
    double shown = 0.0;
    number_from_chars(text.data(), text.data() + text.size(), shown);
    const bool is_below = shown < significance_level;
    if (is_below == (p < significance_level) || decimals == max_decimals) return text;
  }
}

std::string verdicts(const std::string& first, std::span<const NamedVersus> rows) {
  std::vector<std::string> sentences, unclear, equal, unknown;
  // By the number of seeds, a row that has so many.
  std::map<int, const NamedVersus*> too_few;
  for (const NamedVersus& row : rows) {
    switch (standing(row.versus)) {
      case Standing::ahead:
      case Standing::behind:
        sentences.push_back(ahead_sentence(first, row));
        break;
      case Standing::equal:
        equal.push_back(row.name);
        break;
      case Standing::unknown:
        unknown.push_back(row.name);
        break;
      case Standing::unclear:
        if (row.versus.adjusted_p < significance_level) {
          sentences.push_back(torn_sentence(first, row));
        } else if (can_show(row.versus)) {
          unclear.push_back(unclear_phrase(row));
        } else {
          too_few.emplace(row.versus.seeds(), &row);
        }
        break;
    }
  }
  if (!unclear.empty()) {
    sentences.push_back("No difference to " + first + " is shown for " + join(unclear));
  }
  if (!equal.empty()) sentences.push_back(join(equal) + ": equal to " + first + " in every seed");
  if (!unknown.empty()) {
    sentences.push_back(join(unknown) + ": no seed was run to an end both here and with " + first);
  }
  for (const auto& [seeds, row] : too_few) {
    std::vector<std::string> names;
    for (const NamedVersus& other : rows) {
      const bool is_here = other.versus.seeds() == seeds && !can_show(other.versus) &&
                           standing(other.versus) == Standing::unclear;
      if (is_here) names.push_back(other.name);
    }
    sentences.push_back(too_few_sentence(first, names, row->versus));
  }
  std::string text;
  for (const std::string& sentence : sentences) text += " " + sentence + ".";
  return text;
}

}  // namespace plastic::apps

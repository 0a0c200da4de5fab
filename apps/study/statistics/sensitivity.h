#pragma once

#include <span>
#include <string>
#include <vector>

namespace plastic::apps {

/// One trial of a search, seen from one of its options.
struct OptionTrial {
  std::string value;
  /// Validation accuracy; NaN for a trial that was lost.
  double result = 0.0;
};

/// Trials whose values of the option are alike: neighbours, or the same choice.
struct SensitivityBin {
  /// "0.001 to 0.004", or the choice.
  std::string label;
  /// The middle of its numbers, geometric on a logarithmic axis; NaN for a choice.
  double center = 0.0;
  int trials = 0;
  int lost = 0;
  /// Over the trials that finished; NaN for none.
  double mean = 0.0;
  double best = 0.0;
};

/// How the result of a search depends on one option, over whatever values the others had.
struct SensitivityCurve {
  std::string option;
  bool is_number = true;
  /// Whether the axis is.
  bool is_logarithmic = false;
  std::vector<OptionTrial> trials = {};
  /// At most 6, of about equal numbers of trials, in the order of the values.
  std::vector<SensitivityBin> bins = {};
  /// The best bin's mean less the worst's: what the option was worth, on average.
  double range = 0.0;
};

/// The axis on which the numbers of an option are spread.
enum class OptionScale {
  /// Logarithmic where they are all positive and more than ten times apart.
  from_values,
  linear,
  /// Where they are all positive.
  logarithmic,
};

SensitivityCurve sensitivity_curve(const std::string& option, std::span<const OptionTrial> trials,
                                   OptionScale scale = OptionScale::from_values);

}  // namespace plastic::apps

#pragma once

#include <span>
#include <vector>

namespace plastic::apps {

/// A trial of a search: by what it is chosen, and what it then gives.
struct TrialResult {
  /// Validation accuracy, say; greater is better. NaN for a trial that was lost: chosen after all
  /// others.
  double chosen_by = 0.0;
  double result = 0.0;
};

/// What the best of `trials` trials gives.
struct BudgetPoint {
  int trials = 0;
  double mean = 0.0;
  double deviation = 0.0;
};

/// Expected result of the best of 1, 2, ... trials, chosen without replacement from those that were
/// run: each trial's result weighted with the share of all subsets in which it is the best. Dodge
/// et al. ("Show your work", arXiv 1909.03004) propose the curve, with an estimate that is too low;
/// this one is free of bias (Tang et al., "Showing your work doesn't always work", ACL 2020). Of
/// trials that are equally good, each is taken as often.
std::vector<BudgetPoint> expected_best(std::span<const TrialResult> trials);

}  // namespace plastic::apps

#pragma once

#include <limits>
#include <span>

namespace plastic::apps {

/// From so many values on there is an interval.
inline constexpr int min_interval_size = 3;

/// A 95% confidence interval; NaN where nothing can be said.
struct Interval {
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();

  bool is_known() const { return low <= high; }
};

/// For the mean of what `values`, independent of each other, are a sample of: the bootstrap's
/// percentile interval (Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13)
/// over 9,999 resamples, with the percentiles moved outwards as Hesterberg ("What teachers should
/// know about the bootstrap", arXiv 1411.5279, section 5.3) proposes for small samples: as they
/// are, they miss the mean twice as often as they should with ten values. The resamples come from a
/// generator with a fixed seed: the same values, in any order, give the same interval.
///
/// Fewer than 6 values have too few different resamples (35 of 4 values), which cannot reach beyond
/// the values themselves. Student's interval is given for them, which is right where the values are
/// normal. NaN for fewer than 3 values: of two, Student's reaches 12.7 standard errors to either
/// side, which says nothing.
Interval mean_interval(std::span<const double> values);

/// The part of an interval that is possible for a quantity between `low` and `high`, such as an
/// accuracy.
Interval within(const Interval& interval, double low, double high);

/// Student's interval for the mean of normal values. NaN for fewer than 2.
Interval student_interval(std::span<const double> values);

/// Where Student's t with `degrees` >= 1 of freedom is below in 97.5% of cases.
double student_quantile(int degrees);

}  // namespace plastic::apps

#pragma once

namespace plastic::apps {

/// Probability that a standard normal number is at most `x`.
double normal_cdf(double x);

/// Where normal_cdf() is `probability`. Throws Error unless it lies between 0 and 1.
double normal_quantile(double probability);

}  // namespace plastic::apps

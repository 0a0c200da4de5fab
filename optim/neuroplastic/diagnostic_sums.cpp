#include "optim/neuroplastic/diagnostic_sums.h"

#include <algorithm>
#include <cmath>

namespace plastic::optim {
namespace {

double median(const DiagnosticSums& sums) {
  const double low = static_cast<double>(sums.low);
  const double width = (static_cast<double>(sums.high) - low) / DiagnosticSums::bins;
  std::int64_t reached = 0;
  int bin = 0;
  for (; bin < DiagnosticSums::bins; ++bin) {
    reached += sums.histogram[static_cast<std::size_t>(bin)];
    if (2 * reached >= sums.count) break;
  }
  return low + (bin + 0.5) * width;
}

}  // namespace

DiagnosticSums empty_sums(std::span<const NeuroPlasticOptions> groups) {
  double low = groups.front().min_alpha;
  double high = groups.front().max_alpha;
  for (const NeuroPlasticOptions& options : groups) {
    low = std::min(low, options.min_alpha);
    high = std::max(high, options.max_alpha);
  }
  constexpr double tolerance = 1e-6;
  const double threshold = groups.front().saturation_threshold_fraction * (high - low);
  DiagnosticSums sums;
  sums.low = static_cast<float>(low);
  sums.high = static_cast<float>(high);
  sums.near_low = static_cast<float>(low + threshold + tolerance);
  sums.near_high = static_cast<float>(high - threshold - tolerance);
  return sums;
}

DiagnosticSums DiagnosticSums::empty_copy() const {
  DiagnosticSums out;
  out.low = low;
  out.high = high;
  out.near_low = near_low;
  out.near_high = near_high;
  return out;
}

void DiagnosticSums::add(const DiagnosticSums& more) {
  count += more.count;
  alpha += more.alpha;
  alpha_square += more.alpha_square;
  alpha_min = std::min(alpha_min, more.alpha_min);
  alpha_max = std::max(alpha_max, more.alpha_max);
  below += more.below;
  above += more.above;
  for (std::size_t i = 0; i < histogram.size(); ++i) histogram[i] += more.histogram[i];
  gradient_square += more.gradient_square;
  parameter_square += more.parameter_square;
  raw_update_square += more.raw_update_square;
  effective_update_square += more.effective_update_square;
  residual_square += more.residual_square;
}

NeuroPlasticDiagnostics diagnostics_of(const DiagnosticSums& sums) {
  const auto count = static_cast<double>(sums.count);
  const double mean = sums.alpha / count;
  return {.alpha_mean = mean,
          .alpha_std = std::sqrt(std::max(0.0, sums.alpha_square / count - mean * mean)),
          .alpha_min = static_cast<double>(sums.alpha_min),
          .alpha_max = static_cast<double>(sums.alpha_max),
          .alpha_median = median(sums),
          .alpha_fraction_near_min = static_cast<double>(sums.below) / count,
          .alpha_fraction_near_max = static_cast<double>(sums.above) / count,
          .raw_gradient_norm = std::sqrt(sums.gradient_square),
          .parameter_norm = std::sqrt(sums.parameter_square),
          .raw_update_norm = std::sqrt(sums.raw_update_square),
          .effective_update_norm = std::sqrt(sums.effective_update_square),
          .plasticity_delta_norm = std::sqrt(sums.residual_square)};
}

}  // namespace plastic::optim

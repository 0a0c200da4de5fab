#include "optim/neuroplastic/diagnostics.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace plastic::optim {
namespace neuroplastic {
namespace {

double mean(const DiagnosticSums& sums, Sum which) {
  return sums.sum[which] / static_cast<double>(sums.count);
}

double root(const DiagnosticSums& sums, Sum which) { return std::sqrt(sums.sum[which]); }

double deviation(const DiagnosticSums& sums) {
  const double alpha = mean(sums, alpha_sum);
  return std::sqrt(std::max(0.0, mean(sums, alpha_square) - alpha * alpha));
}

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

/// A row of the table, the member that it names, and how that follows from the sums.
struct Row {
  NeuroPlasticDiagnostic diagnostic;
  double NeuroPlasticDiagnostics::*member;
  double (*value)(const DiagnosticSums& sums);
};

using Sums = DiagnosticSums;
using Values = NeuroPlasticDiagnostics;

constexpr Row rows[] = {
    {{"alpha_mean", "mean of α over all elements"},
     &Values::alpha_mean,
     [](const Sums& sums) { return mean(sums, alpha_sum); }},
    {{"alpha_std", "standard deviation of α, of the population"}, &Values::alpha_std, deviation},
    {{"alpha_min", "smallest α"},
     &Values::alpha_min,
     [](const Sums& sums) { return static_cast<double>(sums.alpha_min); }},
    {{"alpha_max", "largest α"},
     &Values::alpha_max,
     [](const Sums& sums) { return static_cast<double>(sums.alpha_max); }},
    {{"alpha_median", "median of α, to a 64th of its range"}, &Values::alpha_median, median},
    {{"alpha_fraction_near_min", "share of α at the low end of its range"},
     &Values::alpha_fraction_near_min,
     [](const Sums& sums) { return mean(sums, below_count); }},
    {{"alpha_fraction_near_max", "share of α at the high end of its range"},
     &Values::alpha_fraction_near_max,
     [](const Sums& sums) { return mean(sums, above_count); }},
    {{"raw_gradient_norm", "norm of the gradient"},
     &Values::raw_gradient_norm,
     [](const Sums& sums) { return root(sums, gradient_square); }},
    {{"parameter_norm", "norm of the parameters before the step"},
     &Values::parameter_norm,
     [](const Sums& sums) { return root(sums, parameter_square); }},
    {{"raw_update_norm", "norm of the update before homeostasis"},
     &Values::raw_update_norm,
     [](const Sums& sums) { return root(sums, raw_update_square); }},
    {{"effective_update_norm", "norm of the update after homeostasis"},
     &Values::effective_update_norm,
     [](const Sums& sums) { return root(sums, effective_update_square); }},
    {{"plasticity_delta_norm", "norm of what plasticity added to the update"},
     &Values::plasticity_delta_norm,
     [](const Sums& sums) { return root(sums, residual_square); }},
};

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
  for (int i = 0; i < sum_count; ++i) sum[i] += more.sum[i];
  alpha_min = std::min(alpha_min, more.alpha_min);
  alpha_max = std::max(alpha_max, more.alpha_max);
  for (std::size_t i = 0; i < histogram.size(); ++i) histogram[i] += more.histogram[i];
}

NeuroPlasticDiagnostics diagnostics_of(const DiagnosticSums& sums) {
  NeuroPlasticDiagnostics out;
  for (const Row& row : rows) out.*row.member = row.value(sums);
  return out;
}

std::vector<Diagnostic> named(const NeuroPlasticDiagnostics& diagnostics) {
  std::vector<Diagnostic> out;
  for (const Row& row : rows) out.push_back({row.diagnostic.name, diagnostics.*row.member});
  return out;
}

}  // namespace neuroplastic

std::span<const NeuroPlasticDiagnostic> neuroplastic_diagnostic_table() {
  static constexpr auto table = [] {
    std::array<NeuroPlasticDiagnostic, std::size(neuroplastic::rows)> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = neuroplastic::rows[i].diagnostic;
    return out;
  }();
  return table;
}

}  // namespace plastic::optim

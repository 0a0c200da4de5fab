#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "plastic/optim/neuroplastic.h"

namespace plastic::optim::neuroplastic {

/// What diagnostics are made of: first sums over elements, then sums over tensors.
enum Sum : int {
  alpha_sum,
  alpha_square,
  gradient_square,
  /// Just before u is subtracted: after decoupled decay.
  parameter_square,
  /// Squares of what plasticity added: (α - α₀)·g in the classic rule, r in the variants.
  residual_square,
  below_count,
  above_count,
  raw_update_square,
  effective_update_square,
  sum_count,
};
constexpr int element_sums = raw_update_square;

struct DiagnosticSums {
  static constexpr int bins = 64;

  /// The range that α is counted in, and where it counts as saturated.
  float low = 0, high = 0, near_low = 0, near_high = 0;

  std::int64_t count = 0;
  double sum[sum_count] = {};
  float alpha_min = std::numeric_limits<float>::infinity();
  float alpha_max = -std::numeric_limits<float>::infinity();
  std::array<std::int64_t, bins> histogram{};

  /// Nothing counted yet, in the same range.
  DiagnosticSums empty_copy() const;
  void add(const DiagnosticSums& more);
};

/// Counts α in the widest range among the groups.
DiagnosticSums empty_sums(std::span<const NeuroPlasticOptions> groups);

/// Requires that something was counted.
NeuroPlasticDiagnostics diagnostics_of(const DiagnosticSums& sums);

/// By name, in the order of neuroplastic_diagnostic_table().
std::vector<Diagnostic> named(const NeuroPlasticDiagnostics& diagnostics);

}  // namespace plastic::optim::neuroplastic

#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "plastic/optim/neuroplastic.h"

namespace plastic::optim {

/// Sums for NeuroPlasticDiagnostics over all tensors of a step.
struct DiagnosticSums {
  static constexpr int bins = 64;

  // What α is counted against.
  float low = 0, high = 0, near_low = 0, near_high = 0;

  std::int64_t count = 0;
  double alpha = 0, alpha_square = 0;
  float alpha_min = std::numeric_limits<float>::infinity();
  float alpha_max = -std::numeric_limits<float>::infinity();
  std::int64_t below = 0, above = 0;
  std::array<std::int64_t, bins> histogram{};
  double gradient_square = 0, parameter_square = 0;
  double raw_update_square = 0, effective_update_square = 0;
  double residual_square = 0;

  /// Nothing counted yet, against the same range.
  DiagnosticSums empty_copy() const;
  void add(const DiagnosticSums& more);
};

/// Counts α against the widest range among the groups.
DiagnosticSums empty_sums(std::span<const NeuroPlasticOptions> groups);

/// Requires that something was counted.
NeuroPlasticDiagnostics diagnostics_of(const DiagnosticSums& sums);

}  // namespace plastic::optim

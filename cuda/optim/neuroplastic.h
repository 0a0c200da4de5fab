#pragma once

#include <cstdint>

#include "cuda/optim/optim_chunks.h"
#include "cuda/reduce/tensor_sums.h"
#include "optim/kernels.h"

// What the kernels of NeuroPlastic share: neuroplastic.cu, neuroplastic_diagnostics.cu.
namespace plastic::cuda {

/// A tensor of a step, with what its rule says of the hybrids' averages.
struct NeuroPlasticTensor {
  std::int64_t offset = 0, numel = 0;
  float* parameter = nullptr;
  optim::NeuroPlasticRule rule;
  optim::rule::Base base;
};

/// A tensor once it is measured.
struct Measured {
  optim::rule::Mix mix;
  double scale = 0;
  /// Mean log_ratio.
  double signal = 0;
};

/// What is left to do with it.
struct Decided {
  optim::rule::Update update;
  /// ‖u‖ after homeostasis, times the lr controller's multiplier.
  double effective_norm = 0;
};

/// Sums over the elements of a chunk.
struct ChunkDiagnostics {
  double alpha, alpha_square, gradient_square, parameter_square, residual_square;
  double below, above;
  float alpha_min, alpha_max;
};

/// Of the last run.
struct DiagnosticTotals {
  static constexpr int bins = optim::DiagnosticSums::bins;
  /// Beside those of ChunkDiagnostics: over tensors.
  static constexpr int sums = 10;

  unsigned long long count;
  float low, high, near_low, near_high;
  float alpha_min, alpha_max;
  double sum[sums];
  unsigned long long histogram[bins];
};

struct NeuroPlasticHead {
  Table<NeuroPlasticTensor> table;
  const float* gradients = nullptr;
  float* activity = nullptr;
  float* momentum = nullptr;
  float* variance = nullptr;
  float* average = nullptr;
  float* square = nullptr;
  /// What observe leaves for measure, and measure for apply; w[0] belongs to element w_begin.
  float* w = nullptr;
  std::int64_t w_begin = 0;

  TensorSums sums;
  optim::rule::Coefficient* coefficients = nullptr;
  Measured* measured = nullptr;
  Decided* decided = nullptr;
  /// Tensors that are measured; 0 between kernels. Counted where the lr controller is on.
  unsigned* tensors_arrived = nullptr;
  bool is_controlled = false;

  bool is_diagnosed = false;
  /// What α is counted against.
  float low = 0, high = 0, near_low = 0, near_high = 0;
  ChunkDiagnostics* diagnosed = nullptr;
  DiagnosticTotals* totals = nullptr;

  bool operator==(const NeuroPlasticHead&) const = default;
};

/// The elements of a chunk in every block.
struct ChunkPointers {
  float* theta;
  const float* g;
  float* a;
  float* m;
  float* v;
  /// Null where no tensor of the step has them.
  float* average;
  float* square;
  float* w;
};

__device__ inline ChunkPointers pointers(const NeuroPlasticHead& head, const Chunk& chunk) {
  const std::int64_t at = chunk.begin;
  return {.theta = parameters_of(head.table, chunk),
          .g = head.gradients + at,
          .a = head.activity + at,
          .m = head.momentum + at,
          .v = head.variance + at,
          .average = head.average == nullptr ? nullptr : head.average + at,
          .square = head.square == nullptr ? nullptr : head.square + at,
          .w = head.w + (at - head.w_begin)};
}

// neuroplastic_diagnostics.cu

/// In the first kernel of a step.
__device__ inline void clear(DiagnosticTotals& totals) {
  if (threadIdx.x == 0) totals.count = 0;
  if (threadIdx.x < DiagnosticTotals::bins) totals.histogram[threadIdx.x] = 0;
}
/// After observe and before measure: sums over elements.
void launch_diagnose(Context& context, const Grid& grid, const NeuroPlasticHead* head);
/// After measure: the totals.
void launch_total(Context& context, const NeuroPlasticHead* head);
/// Waits for the device.
optim::DiagnosticSums read_totals(Context& context, const DiagnosticTotals* totals);

}  // namespace plastic::cuda

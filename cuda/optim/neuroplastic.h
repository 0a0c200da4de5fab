#pragma once

#include <cstdint>

#include "cuda/optim/optim_chunks.h"
#include "cuda/reduce/tensor_sums.h"
#include "optim/neuroplastic/step.h"
#include "plastic/optim/cuda_rule.h"

// What the kernels of NeuroPlastic share: neuroplastic.cu, neuroplastic_diagnostics.cu.
namespace plastic::cuda {

namespace np = optim::neuroplastic;

/// A tensor once it is measured.
struct Measured {
  np::Mix mix;
  double scale = 0;
  /// Mean log_ratio.
  double signal = 0;
};

/// What is left to do with it.
struct Decided {
  np::Update update;
  /// ‖u‖ after homeostasis, times the lr controller's multiplier.
  double effective_norm = 0;
};

/// Sums over the elements of a chunk.
struct ChunkDiagnostics {
  double sum[np::element_sums];
  float alpha_min, alpha_max;
};

/// Sums of the last run.
struct DiagnosticTotals {
  static constexpr int bins = np::DiagnosticSums::bins;

  unsigned long long count;
  float low, high, near_low, near_high;
  float alpha_min, alpha_max;
  double sum[np::sum_count];
  unsigned long long histogram[bins];
};

struct NeuroPlasticHead {
  Table<np::RuleTensor> table;
  np::Blocks blocks;
  /// What observe leaves for measure, and measure for apply; its first element belongs to element
  /// carried_begin of the blocks.
  float* carried = nullptr;
  std::int64_t carried_begin = 0;

  TensorSums sums;
  np::SignalSums* observed = nullptr;
  np::Coefficient* coefficients = nullptr;
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

__device__ inline np::Piece piece_of(const NeuroPlasticHead& head, const Chunk& chunk) {
  return np::piece_of(head.blocks, chunk.begin, parameters_of(head.table, chunk),
                      head.carried + (chunk.begin - head.carried_begin), chunk.count);
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
np::DiagnosticSums read_totals(Context& context, const DiagnosticTotals* totals);

}  // namespace plastic::cuda

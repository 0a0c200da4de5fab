#pragma once

#include <cstdint>
#include <span>

#include "optim/adam_rule.h"
#include "optim/diagnostic_sums.h"
#include "optim/neuroplastic_rule.h"
#include "optim/sgd_rule.h"
#include "plastic/core/device.h"

namespace plastic::optim {

/// A tensor of a step: its part of every flat block, and its rule.
template <class Rule>
struct Work {
  std::int64_t offset = 0;
  std::int64_t numel = 0;
  Rule rule;
};

struct SgdStep {
  std::span<const Work<SgdRule>> tensors;
  float* parameters = nullptr;
  const float* gradients = nullptr;
  /// Null when no tensor has momentum.
  float* momentum = nullptr;
};

struct AdamStep {
  std::span<const Work<AdamRule>> tensors;
  float* parameters = nullptr;
  const float* gradients = nullptr;
  float* average = nullptr;
  float* square = nullptr;
};

/// A tensor of a NeuroPlastic step.
struct NeuroPlasticRule {
  static constexpr int controller_classes = 4;

  rule::Settings settings;
  /// Tensors of one class share the mean of their signals; -1 leaves lr alone.
  int controller_class = -1;
  rule::Controller controller;
};

struct NeuroPlasticStep {
  std::span<const Work<NeuroPlasticRule>> tensors;
  float* parameters = nullptr;
  const float* gradients = nullptr;
  float* activity = nullptr;
  float* momentum = nullptr;
  float* variance = nullptr;
  /// The hybrids' averages; null when no tensor needs them.
  float* base_average = nullptr;
  float* base_square = nullptr;
  /// Null when nobody asks.
  DiagnosticSums* diagnostics = nullptr;
};

/// What a device does for the optimizers: a whole step over flat blocks. The tensors lie in order
/// and do not overlap; elements between them are left alone.
class Kernels {
 public:
  virtual ~Kernels() = default;
  virtual void sgd(const SgdStep& step) = 0;
  virtual void adam(const AdamStep& step) = 0;
  virtual void neuroplastic(const NeuroPlasticStep& step) = 0;
};

/// Throws Error for a device that this build has no kernels for.
Kernels& kernels_for(Device device);

Kernels& cpu_kernels();
/// Implemented by the cuda room; null in a build without CUDA.
Kernels* cuda_kernels();

}  // namespace plastic::optim

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "optim/elementwise/adam_rule.h"
#include "optim/elementwise/sgd_rule.h"
#include "optim/neuroplastic/diagnostic_sums.h"
#include "optim/neuroplastic/neuroplastic_rule.h"
#include "plastic/core/device.h"

namespace plastic::optim {

/// A tensor of a step: its part of every flat block, its elements, and its rule.
template <class Rule>
struct Work {
  std::int64_t offset = 0;
  std::int64_t numel = 0;
  float* parameter = nullptr;
  Rule rule;
};

struct SgdStep {
  std::span<const Work<SgdRule>> tensors;
  const float* gradients = nullptr;
  /// Null when no tensor has momentum.
  float* momentum = nullptr;
};

struct AdamStep {
  std::span<const Work<AdamRule>> tensors;
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
  const float* gradients = nullptr;
  float* activity = nullptr;
  float* momentum = nullptr;
  float* variance = nullptr;
  /// The hybrids' averages; null when no tensor needs them.
  float* base_average = nullptr;
  float* base_square = nullptr;
  /// Nothing counted yet; none when nobody asks.
  std::optional<DiagnosticSums> diagnostics;
};

/// A whole step over tensors and flat blocks, in two phases. The tensors lie in order and do not
/// overlap; elements between them are left alone.
template <class Step>
class Stepper {
 public:
  virtual ~Stepper() = default;
  /// Takes over what the step's rules say. The span of tensors need only live during the call; the
  /// blocks must outlive run().
  virtual void prepare(const Step& step) = 0;
  /// Does the step last prepared. It reads nothing of the host's that prepare() did not copy to
  /// where the device reads it, so that a device may record run() once and repeat it after each
  /// prepare() of a step over the same tensors and blocks.
  virtual void run() = 0;
};

class NeuroPlasticStepper : public Stepper<NeuroPlasticStep> {
 public:
  /// Of the last run(), recorded ones included; waits for the device. Nothing is counted before the
  /// first one, nor where its step did not ask.
  virtual DiagnosticSums diagnostics() = 0;
};

/// What a device does for the optimizers.
class Kernels {
 public:
  virtual ~Kernels() = default;
  virtual std::unique_ptr<Stepper<SgdStep>> sgd() = 0;
  virtual std::unique_ptr<Stepper<AdamStep>> adam() = 0;
  virtual std::unique_ptr<NeuroPlasticStepper> neuroplastic() = 0;
};

/// Throws Error for a device that this build has no kernels for.
Kernels& kernels_for(Device device);

Kernels& cpu_kernels();
/// Implemented by the cuda room; null in a build without CUDA.
Kernels* cuda_kernels(int index);

}  // namespace plastic::optim

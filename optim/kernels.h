#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "plastic/core/device.h"
#include "plastic/optim/elementwise.h"

namespace plastic::optim {

/// A step of an elementwise rule.
struct RuleStep {
  std::span<const StepTensor> tensors;
  /// One rule for each tensor.
  std::span<const std::byte> rules;
  const float* gradients = nullptr;
  /// The flat block of each state value.
  float* state[max_rule_states] = {};
};

/// A whole step over tensors and flat blocks, in two phases. The tensors lie in order and do not
/// overlap; elements between them are left alone.
template <class Step>
class Stepper {
 public:
  virtual ~Stepper() = default;
  /// Copies what the step says of its tensors. The spans need only live during the call; the blocks
  /// must outlive run().
  virtual void prepare(const Step& step) = 0;
  /// Does the step last prepared. It reads nothing of the host's that prepare() did not copy to
  /// where the device reads it, so that a device may capture run() once and replay it after each
  /// prepare() of a step over the same tensors and blocks.
  virtual void run() = 0;
};

class RuleStepper : public Stepper<RuleStep> {};

class NeuroPlasticStepper;

/// What a device does for the optimizers.
class Kernels {
 public:
  virtual ~Kernels() = default;
  /// Null where the device has no kernel of this rule.
  virtual std::unique_ptr<RuleStepper> elementwise(const RuleType& type) = 0;
  /// optim/neuroplastic/step.h.
  virtual std::unique_ptr<NeuroPlasticStepper> neuroplastic() = 0;
};

/// The CPU's, or those of a device that is a KernelSource (optim/kernel_source.h). Throws Error for
/// another.
Kernels& kernels_for(Device device);

Kernels& cpu_kernels();

}  // namespace plastic::optim

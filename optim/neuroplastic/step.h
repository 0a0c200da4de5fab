#pragma once

#include <optional>
#include <span>
#include <vector>

#include "optim/kernels.h"
#include "optim/neuroplastic/blocks.h"
#include "optim/neuroplastic/diagnostics.h"
#include "optim/neuroplastic/variants.h"

namespace plastic::optim {
namespace neuroplastic {

/// Classes of tensors that the controller of the learning rate tells apart.
constexpr int controller_classes = 4;

/// A tensor of a step, with all that the options mean for it.
struct RuleTensor : StepTensor {
  Settings settings;
  Base base;
  /// Tensors of one class share the mean of their signals; -1 leaves lr alone.
  int controller_class = -1;
  Controller controller;
};

/// What the passes of a step found out about a tensor.
struct TensorTotals {
  SignalSums signals;
  /// ‖u‖ before homeostasis.
  double norm = 0;
};

struct Step {
  std::span<const RuleTensor> tensors;
  Blocks blocks;
  /// Nothing counted yet; none when nobody asks.
  std::optional<DiagnosticSums> diagnostics;
};

}  // namespace neuroplastic

class NeuroPlasticStepper : public Stepper<neuroplastic::Step> {
 public:
  /// Sums of the last run(), a replayed one included; waits for the device. Nothing is counted
  /// before the first one, nor where its step did not ask.
  virtual neuroplastic::DiagnosticSums diagnostics() = 0;
  /// Those of the last run(), a replayed one included, in the order of the step's tensors; waits
  /// for the device. All 0 before the first one.
  virtual std::vector<neuroplastic::TensorTotals> totals() = 0;
};

}  // namespace plastic::optim

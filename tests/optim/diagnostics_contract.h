#pragma once

#include <doctest/doctest.h>

#include "optim/neuroplastic/step.h"

namespace plastic::test {

/// What every device's diagnostics do over a step of the 20 elements of `parameter` that did not
/// ask yet: nothing is counted before the first run, each run counts from 0, and one that does not
/// ask counts nothing.
inline void check_diagnostics_contract(optim::NeuroPlasticStepper& stepper, float* parameter,
                                       const optim::neuroplastic::Blocks& blocks) {
  using optim::neuroplastic::DiagnosticSums, optim::neuroplastic::RuleTensor;
  CHECK(stepper.diagnostics().count == 0);
  RuleTensor tensor;
  tensor.numel = 20;
  tensor.parameter = parameter;
  optim::neuroplastic::Step step{.tensors = {&tensor, 1}, .blocks = blocks, .diagnostics = {}};
  step.diagnostics = DiagnosticSums{.low = 0, .high = 2};
  stepper.prepare(step);
  CHECK(stepper.diagnostics().count == 0);
  stepper.run();
  CHECK(stepper.diagnostics().count == 20);
  // Counted from 0 again, not on top.
  stepper.run();
  CHECK(stepper.diagnostics().count == 20);
  CHECK(stepper.diagnostics().high == 2);
  step.diagnostics.reset();
  stepper.prepare(step);
  CHECK(stepper.diagnostics().count == 20);
  stepper.run();
  CHECK(stepper.diagnostics().count == 0);
}

}  // namespace plastic::test

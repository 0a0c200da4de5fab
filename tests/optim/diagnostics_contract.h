#pragma once

#include <doctest/doctest.h>

#include "optim/kernels.h"

namespace plastic::optim_test {

/// What every device's diagnostics do over a step of the 20 elements of `parameter` that did not
/// ask yet: nothing is counted before the first run, each run counts anew, and one that does not
/// ask counts nothing.
inline void check_diagnostics_contract(optim::NeuroPlasticStepper& stepper, float* parameter,
                                       optim::NeuroPlasticStep step) {
  CHECK(stepper.diagnostics().count == 0);
  const optim::Work<optim::NeuroPlasticRule> work{.numel = 20, .parameter = parameter, .rule = {}};
  step.tensors = {&work, 1};
  step.diagnostics = optim::DiagnosticSums{.low = 0, .high = 2};
  stepper.prepare(step);
  CHECK(stepper.diagnostics().count == 0);
  stepper.run();
  CHECK(stepper.diagnostics().count == 20);
  // Counted anew, not on top.
  stepper.run();
  CHECK(stepper.diagnostics().count == 20);
  CHECK(stepper.diagnostics().high == 2);
  step.diagnostics.reset();
  stepper.prepare(step);
  CHECK(stepper.diagnostics().count == 20);
  stepper.run();
  CHECK(stepper.diagnostics().count == 0);
}

}  // namespace plastic::optim_test

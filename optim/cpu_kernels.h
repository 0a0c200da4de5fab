#pragma once

#include <memory>

#include "optim/kernels.h"

namespace plastic::optim {

/// elementwise/cpu_elementwise.cpp.
std::unique_ptr<RuleStepper> cpu_elementwise(const RuleType& type);

/// neuroplastic/cpu_neuroplastic.cpp.
std::unique_ptr<NeuroPlasticStepper> cpu_neuroplastic();

}  // namespace plastic::optim

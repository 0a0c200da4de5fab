#pragma once

#include <memory>

#include "core/cpu/level.h"
#include "optim/kernels.h"

namespace plastic::optim {

/// elementwise/cpu_elementwise.cpp.
std::unique_ptr<RuleStepper> cpu_elementwise(const RuleType& type);

/// The loops of ShippedRules at one level, in their order (elementwise/cpu_shipped.cpp).
using RuleLoop = decltype(RuleType::run);
const RuleLoop* shipped_loops_baseline();
const RuleLoop* shipped_loops_avx2();
const RuleLoop* shipped_loops_avx512();

/// neuroplastic/cpu_neuroplastic.cpp.
std::unique_ptr<NeuroPlasticStepper> neuroplastic_baseline();
std::unique_ptr<NeuroPlasticStepper> neuroplastic_avx2();
std::unique_ptr<NeuroPlasticStepper> neuroplastic_avx512();

}  // namespace plastic::optim

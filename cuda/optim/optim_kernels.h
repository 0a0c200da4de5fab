#pragma once

#include <memory>

#include "cuda/runtime/context.h"
#include "optim/kernels.h"

// The optimizers of the CUDA device. prepare() sends, run() launches; neither waits.
namespace plastic::cuda {

// elementwise.cu; null where the rule has no kernel.
std::unique_ptr<optim::RuleStepper> make_elementwise(Context& context, const optim::RuleType& type);

// neuroplastic.cu
std::unique_ptr<optim::NeuroPlasticStepper> make_neuroplastic(Context& context);

}  // namespace plastic::cuda

#pragma once

#include <memory>

#include "cuda/runtime/context.h"
#include "optim/kernels.h"

// The optimizers of the CUDA device. prepare() sends, run() launches; neither waits.
namespace plastic::cuda {

// sgd_adam.cu
std::unique_ptr<optim::Stepper<optim::SgdStep>> make_sgd(Context& context);
std::unique_ptr<optim::Stepper<optim::AdamStep>> make_adam(Context& context);

// neuroplastic.cu
std::unique_ptr<optim::NeuroPlasticStepper> make_neuroplastic(Context& context);

}  // namespace plastic::cuda

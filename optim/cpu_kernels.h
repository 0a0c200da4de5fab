#pragma once

#include <memory>

#include "optim/kernels.h"
#include "optim/neuroplastic/cpu_neuroplastic_loops.h"

namespace plastic::optim {

/// cpu_neuroplastic.cpp.
std::unique_ptr<NeuroPlasticStepper> cpu_neuroplastic();

/// cpu_diagnostics.cpp: adds a chunk of a tensor with this coefficient to the sums over elements,
/// once it is observed and before it is measured. What decay does to the parameters is left to the
/// caller.
void cpu_diagnose(const ChunkPointers& p, rule::Variant variant,
                  const rule::Coefficient& coefficient, DiagnosticSums& sums);

}  // namespace plastic::optim

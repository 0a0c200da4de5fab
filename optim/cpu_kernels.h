#pragma once

#include "optim/kernels.h"

namespace plastic::optim {

/// cpu_neuroplastic.cpp.
void cpu_neuroplastic(const NeuroPlasticStep& step);

/// cpu_diagnostics.cpp: adds what the tensor `work`, with the coefficient and update of this step,
/// contributes. To be called before the update is applied.
void cpu_diagnose(const NeuroPlasticStep& step, const Work<NeuroPlasticRule>& work,
                  const rule::Coefficient& coefficient, const rule::Update& update,
                  const rule::Mix& mix);

}  // namespace plastic::optim

#pragma once

#include "optim/kernels.h"

namespace plastic::optim {

/// cpu_neuroplastic.cpp.
void cpu_neuroplastic(const NeuroPlasticStep& step);

/// cpu_diagnostics.cpp: adds elements [begin, end) of the flat blocks, of a tensor with this
/// coefficient and update, to the sums over elements. To be called before the update is applied.
void cpu_diagnose(const NeuroPlasticStep& step, rule::Variant variant,
                  const rule::Coefficient& coefficient, const rule::Update& update,
                  std::int64_t begin, std::int64_t end, DiagnosticSums& sums);

}  // namespace plastic::optim

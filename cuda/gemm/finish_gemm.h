#pragma once

#include "core/device/backend.h"
#include "cuda/runtime/context.h"

namespace plastic::cuda {

/// What follows the sums of a product: bias over the columns, ReLU, then dropout, where asked for,
/// in place on c (m, n). Defined in cuda/map/random.cu.
void finish_gemm(Context& context, const Gemm& gemm, bool with_bias_and_relu);

}  // namespace plastic::cuda

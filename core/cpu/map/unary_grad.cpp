#include "core/cpu/cpu_backend.h"
#include "core/cpu/map/map.h"
#include "core/ops/unary_rules.h"
#include "core/tensor/dispatch.h"

namespace plastic::cpu {

void CpuBackend::unary_grad(Unary op, const UnaryParameters& parameters, const Array& saved,
                            const Array& grad, const Array& out) {
  if (saved.dtype == DType::bf16 && op == Unary::relu) {
    return zip<bfloat16, bfloat16>(saved, grad, out,
                                   [](float y, float g) { return rules::Relu{}.gradient(y, g); });
  }
  dispatch_floating("backward", saved.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with_gradient(op, parameters, [&](auto f) { zip<T, T>(saved, grad, out, f); });
  });
}

}  // namespace plastic::cpu

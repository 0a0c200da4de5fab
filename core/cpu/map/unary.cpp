#include <type_traits>

#include "core/cpu/cpu_backend.h"
#include "core/cpu/map/map.h"
#include "core/ops/unary_rules.h"
#include "core/tensor/dispatch.h"

namespace plastic::cpu {

// Operations refuse integers where a formula is for floating point only; what cannot be called is
// left out.
void CpuBackend::unary(Unary op, const UnaryParameters& parameters, const Array& in,
                       const Array& out) {
  if (in.dtype == DType::bf16 && op == Unary::relu) {
    return map<bfloat16, bfloat16>(in, out,
                                   [](float x) { return static_cast<bfloat16>(rules::Relu{}(x)); });
  }
  dispatch("unary", in.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with(op, parameters, [&](auto f) {
      if constexpr (std::is_invocable_v<decltype(f), T>) map<T, T>(in, out, f);
    });
  });
}

}  // namespace plastic::cpu

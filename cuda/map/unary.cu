#include <type_traits>

#include "core/ops/unary_rules.h"
#include "cuda/map/map.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/number.h"

namespace plastic::cuda {
// Operations refuse integers where a formula is for floating point only; what cannot be called is
// left out.
void CudaBackend::unary(Unary op, const UnaryParameters& parameters, const Array& in,
                        const Array& out) {
  Context& context = use();
  with_number(in.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with(op, parameters, [&](auto f) {
      using F = decltype(f);
      if constexpr (std::is_invocable_v<F, computed<T>>) {
        map<T, T>(context, "unary", Stored<T, F>{f}, in, out);
      }
    });
  });
}

}  // namespace plastic::cuda

#include "core/ops/unary_rules.h"
#include "cuda/map/map.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/number.h"

namespace plastic::cuda {

void CudaBackend::unary_grad(Unary op, const UnaryParameters& parameters, const Array& saved,
                             const Array& grad, const Array& out) {
  Context& context = use();
  with_real(saved.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with_gradient(op, parameters, [&](auto f) {
      map<T, T, T>(context, "unary_grad", Stored<T, decltype(f)>{f}, saved, grad, out);
    });
  });
}

}  // namespace plastic::cuda

#include "core/ops/elementwise_gradient_rules.h"
#include "cuda/kernels.h"
#include "cuda/map/map.h"
#include "cuda/runtime/number.h"

namespace plastic::cuda {

void unary_grad(Context& context, Unary op, const UnaryParameters& parameters, const Array& saved,
                const Array& grad, const Array& out) {
  with_real(saved.dtype, [&](auto zero) {
    using T = decltype(zero);
    rules::with_gradient(op, parameters, [&](auto f) {
      map<T, T, T>(context, "unary_grad", Stored<T, decltype(f)>{f}, saved, grad, out);
    });
  });
}

}  // namespace plastic::cuda

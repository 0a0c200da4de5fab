#include <type_traits>

#include "core/ops/elementwise_rules.h"
#include "cuda/kernels.h"
#include "cuda/map.h"
#include "cuda/number.h"

namespace plastic::cuda {
namespace {

/// Integers are scaled as f64.
template <class T>
struct ScaleShift {
  using Real = std::conditional_t<std::is_floating_point_v<computed<T>>, computed<T>, double>;
  Real scale;
  Real shift;
  __device__ T operator()(T x) const {
    return narrow<T>(static_cast<computed<T>>(static_cast<Real>(widen(x)) * scale + shift));
  }
};

}  // namespace

// Operations refuse integers where a formula is for floating point only; what cannot be called is
// left out.
void unary(Context& context, Unary op, const UnaryParameters& parameters, const Array& in,
           const Array& out) {
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

void scale_shift(Context& context, const Array& in, double scale, double shift, const Array& out) {
  with_number(in.dtype, [&](auto zero) {
    using T = decltype(zero);
    using F = ScaleShift<T>;
    using Real = typename F::Real;
    map<T, T>(context, "scale_shift", F{static_cast<Real>(scale), static_cast<Real>(shift)}, in,
              out);
  });
}

}  // namespace plastic::cuda

#include "plastic/core/ops/activation.h"

#include "core/ops/unary.h"
#include "core/tensor/number.h"
#include "core/tensor/tensor_impl.h"

namespace plastic {

Tensor relu(const Tensor& x) { return unary("relu", Unary::relu, Keep::result, x); }
Tensor gelu(const Tensor& x) { return unary("gelu", Unary::gelu, Keep::argument, x); }
Tensor silu(const Tensor& x) { return unary("silu", Unary::silu, Keep::argument, x); }
Tensor softplus(const Tensor& x) { return unary("softplus", Unary::softplus, Keep::argument, x); }

Tensor leaky_relu(const Tensor& x, double slope) {
  check_floating("leaky_relu", x);
  check_number("leaky_relu", slope, x.dtype());
  return unary("leaky_relu", Unary::leaky_relu, Keep::argument, x, {.first = slope});
}

}  // namespace plastic

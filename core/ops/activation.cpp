#include "plastic/core/ops/activation.h"

#include "core/ops/unary.h"
#include "core/tensor/number.h"
#include "core/tensor/tensor_impl.h"

namespace plastic {

Tensor leaky_relu(const Tensor& x, double slope) {
  check_floating("leaky_relu", x);
  check_number("leaky_relu", slope, x.dtype());
  return apply(unary_function<rules::LeakyRelu>("leaky_relu", Unary::leaky_relu), x,
               {.first = slope});
}

}  // namespace plastic

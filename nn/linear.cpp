#include "plastic/nn/linear.h"

#include "core/check.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/matmul.h"
#include "plastic/nn/init.h"

namespace plastic::nn {

Linear::Linear(std::int64_t in_features, std::int64_t out_features, const LinearOptions& options) {
  if (in_features < 1 || out_features < 1) {
    fail("Linear", "needs at least one input and one output, got ", in_features, " and ",
         out_features);
  }
  weight = register_parameter(
      "weight", fan_in_uniform({out_features, in_features}, in_features, options.generator));
  if (options.bias) {
    bias =
        register_parameter("bias", fan_in_uniform({out_features}, in_features, options.generator));
  }
}

Tensor Linear::forward(const Tensor& x) { return linear(x, weight, bias); }

Tensor Linear::forward_activated(const Tensor& x, Activation activation) {
  return activation == Activation::relu ? linear_relu_dropout(x, weight, bias) : forward(x);
}

Tensor Linear::forward_relu_dropout(const Tensor& x, const Dropout& dropout) {
  const double p = dropout.active_p();
  if (p == 1) return mul(forward_activated(x, Activation::relu), 0);
  return linear_relu_dropout(x, weight, bias, p, dropout.generator());
}

}  // namespace plastic::nn

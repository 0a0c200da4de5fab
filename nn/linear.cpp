#include "plastic/nn/linear.h"

#include "core/check.h"
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

}  // namespace plastic::nn

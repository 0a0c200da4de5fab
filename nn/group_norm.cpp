#include "plastic/nn/group_norm.h"

#include "core/check.h"
#include "core/ops/mixed_precision.h"
#include "core/tensor/tensor_impl.h"
#include "nn/normalized.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic::nn {

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, const GroupNormOptions& options)
    : groups_(groups), channels_(channels), eps_(options.eps) {
  if (groups < 1 || channels < 1 || channels % groups != 0) {
    fail("GroupNorm", "channels ", channels, " are no multiple of groups ", groups,
         "; both must be at least 1");
  }
  check_eps("GroupNorm", eps_);
  if (!options.affine) return;
  weight = register_parameter("weight", Tensor::ones({channels}));
  bias = register_parameter("bias", Tensor::zeros({channels}));
}

Tensor GroupNorm::forward(const Tensor& x) {
  check_floating("GroupNorm", x);
  if (x.rank() < 2 || x.size(1) != channels_) {
    fail("GroupNorm", "the input ", to_string(x.shape()), " does not have ", channels_,
         " channels on its second axis");
  }
  std::int64_t per_group = channels_ / groups_;
  for (std::int64_t axis = 2; axis < x.rank(); ++axis) per_group *= x.size(axis);
  if (per_group * x.size(0) == 1) {
    fail("GroupNorm", "the input ", to_string(x.shape()),
         " has a single value per group; it needs more");
  }
  const Tensor groups = widened("GroupNorm", x).reshape({x.size(0), groups_, per_group});
  const Tensor y = normalized("GroupNorm", groups, {2}, eps_).reshape(x.shape());
  if (!weight.defined()) return y;
  Shape per_channel = Shape::filled(x.shape().rank() - 1, 1);
  per_channel[0] = channels_;
  return add(mul(y, weight.reshape(per_channel)), bias.reshape(per_channel));
}

}  // namespace plastic::nn

#include "plastic/nn/batch_norm.h"

#include <cmath>

#include "core/check.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/batch_norm.h"

namespace plastic::nn {

BatchNorm::BatchNorm(std::int64_t channels, const BatchNormOptions& options) : options_(options) {
  if (channels < 1) fail("BatchNorm", "needs at least one channel, got ", channels);
  if (!(std::isfinite(options.eps) && options.eps >= 0)) {
    fail("BatchNorm", "eps is ", options.eps, "; it must be a number of 0 or more");
  }
  if (!(options.momentum >= 0 && options.momentum <= 1)) {
    fail("BatchNorm", "momentum is ", options.momentum, "; it must lie in [0, 1]");
  }
  if (options.affine) {
    weight = register_parameter("weight", Tensor::ones({channels}));
    bias = register_parameter("bias", Tensor::zeros({channels}));
  }
  if (options.track_running_stats) {
    running_mean = register_buffer("running_mean", Tensor::zeros({channels}));
    running_var = register_buffer("running_var", Tensor::ones({channels}));
    num_batches_tracked =
        register_buffer("num_batches_tracked", Tensor::zeros({}, {.dtype = DType::i64}));
  }
}

Tensor BatchNorm::forward(const Tensor& x) { return forward_added(x, {}, Activation::none); }

Tensor BatchNorm::forward_activated(const Tensor& x, Activation activation) {
  return forward_added(x, {}, activation);
}

Tensor BatchNorm::forward_added(const Tensor& x, const Tensor& skip, Activation activation) {
  if (is_training() && num_batches_tracked.defined()) num_batches_tracked.add_(1);
  return batch_norm(x, weight, bias, running_mean, running_var,
                    {.training = is_training() || !running_mean.defined(),
                     .momentum = options_.momentum,
                     .eps = options_.eps,
                     .skip = skip,
                     .activation = activation});
}

}  // namespace plastic::nn

#include "plastic/nn/batch_norm.h"

#include <cmath>

#include "core/check.h"
#include "core/ops/counted_batch_norm.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/activation.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/nn/frozen_statistics.h"

namespace plastic::nn {

BatchNorm::BatchNorm(std::int64_t channels, const BatchNormOptions& options)
    : ExactLayer(LayerKind::batch_norm), options_(options) {
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

BatchNorm1d::BatchNorm1d(std::int64_t channels, const BatchNormOptions& options)
    : ExactLayer(LayerKind::batch_norm), BatchNorm(channels, options) {}

BatchNorm2d::BatchNorm2d(std::int64_t channels, const BatchNormOptions& options)
    : ExactLayer(LayerKind::batch_norm), BatchNorm(channels, options) {}

Tensor BatchNorm::forward(const Tensor& x) { return normalized(x, {}, Activation::none); }

Tensor BatchNorm::forward_activated(const Tensor& x, Activation activation) {
  if (kind_of(*this) != LayerKind::batch_norm) return Module::forward_activated(x, activation);
  return normalized(x, {}, activation);
}

Tensor BatchNorm::forward_added(const Tensor& x, const Tensor& skip, Activation activation) {
  if (!skip.defined()) return forward_activated(x, activation);
  if (kind_of(*this) == LayerKind::batch_norm) return normalized(x, skip, activation);
  const Tensor y = add(forward(x), skip);
  return activation == Activation::relu ? relu(y) : y;
}

Tensor BatchNorm::normalized(const Tensor& x, const Tensor& skip, Activation activation) {
  // Without running statistics, training uses the batch's and leaves no trace.
  const bool is_traceless = is_training() && FrozenStatistics::is_on();
  const double momentum =
      averaged_batches_ ? 1 / static_cast<double>(*averaged_batches_ + 1) : options_.momentum;
  // A batch that is refused does not count.
  const Tensor y =
      counted_batch_norm(x, weight, bias, is_traceless ? Tensor() : running_mean,
                         is_traceless ? Tensor() : running_var,
                         is_training() && !is_traceless ? num_batches_tracked : Tensor(),
                         {.training = is_training() || !running_mean.defined(),
                          .momentum = momentum,
                          .eps = options_.eps,
                          .skip = skip,
                          .activation = activation});
  if (averaged_batches_ && !is_traceless && x.numel() > 0) ++*averaged_batches_;
  return y;
}

OnnxValue BatchNorm::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::batch_norm, "BatchNorm");
  if (!running_mean.defined()) {
    graph.refuse(*this,
                 "BatchNorm keeps no running statistics, so its results depend on the batch");
  }
  const auto given_or = [&](const Tensor& own, double otherwise) {
    return graph.weight(own.defined() ? own
                                      : Tensor::full(running_mean.shape(), otherwise,
                                                     {.dtype = running_mean.dtype()}));
  };
  return graph.add("BatchNormalization",
                   {x, given_or(weight, 1), given_or(bias, 0), graph.weight(running_mean),
                    graph.weight(running_var)},
                   {{"epsilon", options_.eps}});
}

}  // namespace plastic::nn

#include "plastic/core/ops/batch_norm.h"

#include <cmath>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "core/autograd/attempt.h"
#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/device/batch_sums.h"
#include "core/device/training_statistics.h"
#include "core/ops/counted_batch_norm.h"
#include "core/tensor/layout.h"

namespace plastic {
namespace {

void check_channels(const char* what, const Tensor& x, const Tensor& values) {
  if (!values.defined()) return;
  if (values.dtype() != parameter_dtype(x.dtype())) {
    fail("batch_norm", what, " is ", name_of(values.dtype()), ", input ", name_of(x.dtype()),
         "; needs ", name_of(parameter_dtype(x.dtype())));
  }
  check_same_device("batch_norm", x, values);
  if (values.shape() != Shape{x.size(1)}) {
    fail("batch_norm", what, " ", to_string(values.shape()), " does not fit input ",
         to_string(x.shape()), "; needs (", x.size(1), ",)");
  }
}

[[noreturn]] void fail_for_one_value(const Tensor& x) {
  fail("batch_norm", "training needs more than one value a channel, got input ",
       to_string(x.shape()));
}

void check(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
           const Tensor& running_var, const BatchNormOptions& options) {
  check_floating("batch_norm", x);
  if (x.rank() != 2 && x.rank() != 4) {
    fail("batch_norm", "needs (N, C) or (N, C, H, W), got ", to_string(x.shape()));
  }
  check_channels("weight", x, weight);
  check_channels("bias", x, bias);
  check_channels("running mean", x, running_mean);
  check_channels("running variance", x, running_var);
  if (running_mean.defined() != running_var.defined()) {
    fail("batch_norm", "has one of running mean and running variance; needs both or none");
  }
  if (!options.training && !running_mean.defined()) {
    fail("batch_norm", "evaluation needs a running mean and a running variance");
  }
  if (!(std::isfinite(options.eps) && options.eps >= 0)) {
    fail("batch_norm", "eps is ", options.eps, "; it must be a number of 0 or more");
  }
  if (!(options.momentum >= 0 && options.momentum <= 1)) {
    fail("batch_norm", "momentum is ", options.momentum, "; it must lie in [0, 1]");
  }
  const std::int64_t channels = x.size(1);
  // A part of a batch may have one: the whole batch counts.
  if (options.training && batch_sums() == nullptr && channels > 0 && x.numel() / channels == 1) {
    fail_for_one_value(x);
  }
  if (options.skip.defined()) {
    check_same_kind("batch_norm", x, options.skip);
    if (options.skip.shape() != x.shape()) {
      fail("batch_norm", "skip ", to_string(options.skip.shape()), " does not have input's shape ",
           to_string(x.shape()));
    }
  }
}

/// x as rows of channels without gaps; not recorded.
Tensor rows_of(const Tensor& x) {
  return x.rank() == 4 ? channels_last(x) : x.detach().contiguous();
}

Tensor empty_rows(const Tensor& x) {
  return x.rank() == 4 ? empty_channels_last(x.shape(), options_of(x))
                       : Tensor::empty(x.shape(), options_of(x));
}

double* numbers(const Tensor& tensor) { return static_cast<double*>(memory(tensor)); }

Tensor dense_or_undefined(const Tensor& tensor) {
  return tensor.defined() ? tensor.detach().contiguous() : tensor;
}

/// Of each channel, f64.
struct Statistics {
  Tensor mean;
  Tensor variance;
};

Statistics empty_statistics(const Tensor& rows) {
  const TensorOptions options{.dtype = DType::f64, .device = rows.device()};
  return {Tensor::empty({rows.size(1)}, options), Tensor::empty({rows.size(1)}, options)};
}

Statistics statistics_of(const Tensor& rows) {
  Statistics of = empty_statistics(rows);
  if (rows.numel() == 0) {
    of.mean.fill_(0);
    of.variance.fill_(0);
    return of;
  }
  const std::int64_t channels = rows.size(1);
  backend(rows.device())
      .batch_norm_statistics(rows.dtype(), rows.numel() / channels, channels, memory(rows),
                             numbers(of.mean), numbers(of.variance));
  return of;
}

/// Those of a batch of which x is a part, and how many values a channel has in all. Means are added
/// up first, then squared distances from their mean, so that nothing cancels.
std::pair<Statistics, std::int64_t> statistics_of_parts(const Tensor& rows, BatchSums& parts) {
  const Statistics own = statistics_of(rows);
  const auto channels = static_cast<std::size_t>(rows.size(1));
  const double count = channels == 0 ? 0 : static_cast<double>(rows.numel() / rows.size(1));
  const std::vector<double> mean = own.mean.to_vector<double>();
  const std::vector<double> variance = own.variance.to_vector<double>();
  std::vector<double> sums(channels + 1);
  for (std::size_t c = 0; c < channels; ++c) sums[c] = count * mean[c];
  sums[channels] = count;
  parts.sum(sums);
  const double total = sums[channels];
  std::vector<double> squares(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    sums[c] /= total;
    const double distance = mean[c] - sums[c];
    squares[c] = count * (variance[c] + distance * distance);
  }
  parts.sum(squares);
  for (double& square : squares) square /= total;
  sums.resize(channels);
  Statistics whole = empty_statistics(rows);
  whole.mean.copy_(Tensor::from<double>(sums, {rows.size(1)}));
  whole.variance.copy_(Tensor::from<double>(squares, {rows.size(1)}));
  return {whole, static_cast<std::int64_t>(total)};
}

/// An attempt that fails puts the values back.
void note_values(const Tensor& tensor) {
  note_change([tensor = tensor.detach(), values = tensor.detach().clone()]() mutable {
    tensor.copy_(values);
  });
}

/// Variances of a sample of `count` from those of the population.
double bessel(std::int64_t count) {
  return static_cast<double>(count) / static_cast<double>(count - 1);
}

/// What training moves: running statistics, perhaps undefined, and a count of batches, perhaps
/// undefined.
class Running {
 public:
  Running(const Tensor& mean, const Tensor& variance, const Tensor& batches)
      : mean_(mean), variance_(variance), batches_(batches) {}

  /// Towards those of a batch of `count` values a channel.
  void move(const Statistics& batch, std::int64_t count, double momentum) {
    if (mean_.defined() && count > 0) {
      begin();
      backend(dense_mean_.device())
          .batch_norm_running({.dtype = dense_mean_.dtype(),
                               .channels = dense_mean_.numel(),
                               .momentum = momentum,
                               .bessel = bessel(count),
                               .mean = numbers(batch.mean),
                               .variance = numbers(batch.variance),
                               .running_mean = memory(dense_mean_),
                               .running_var = memory(dense_variance_)});
      end();
    }
    if (!batches_.defined()) return;
    batches_.add_(1);
    note_count();
  }

  /// The statistics of rows, not empty, with the running ones moved by the same pass.
  Statistics take(TrainingStatistics& device, const Tensor& rows, double momentum) {
    if (mean_.defined()) begin();
    if (batches_.defined()) batches_.impl()->storage->bump_version();
    Statistics of = empty_statistics(rows);
    const std::int64_t channels = rows.size(1);
    const std::int64_t count = rows.numel() / channels;
    device.batch_norm_training_statistics(
        {.dtype = rows.dtype(),
         .rows = count,
         .channels = channels,
         .x = memory(rows),
         .mean = numbers(of.mean),
         .variance = numbers(of.variance),
         .momentum = momentum,
         .bessel = bessel(count),
         .running_mean = memory(dense_mean_),
         .running_var = memory(dense_variance_),
         .batches = static_cast<std::int64_t*>(memory(batches_))});
    if (mean_.defined()) end();
    if (batches_.defined()) note_count();
    return of;
  }

 private:
  void begin() {
    if (is_attempt()) {
      note_values(mean_);
      note_values(variance_);
    }
    dense_mean_ = dense_or_undefined(mean_);
    dense_variance_ = dense_or_undefined(variance_);
    dense_mean_.impl()->storage->bump_version();
    dense_variance_.impl()->storage->bump_version();
  }
  void end() {
    if (!mean_.is_contiguous()) mean_.detach().copy_(dense_mean_);
    if (!variance_.is_contiguous()) variance_.detach().copy_(dense_variance_);
  }
  void note_count() {
    note_change([batches = batches_]() mutable { batches.add_(-1); });
  }

  Tensor mean_, variance_, batches_;
  /// Without gaps, from begin() on.
  Tensor dense_mean_, dense_variance_;
};

/// A copy in f64.
Tensor exact(const Tensor& values) {
  Tensor out = Tensor::empty(values.shape(), {.dtype = DType::f64, .device = values.device()});
  out.copy_(values.detach());
  return out;
}

/// What a call keeps for its backward pass.
struct Kept {
  Saved x;
  Statistics statistics;
  std::optional<Saved> weight, bias;
  /// The result, where it tells what relu let pass.
  std::optional<Saved> y;
  bool has_skip;
  double eps;
  bool relu, training;
};

std::optional<Saved> saved(const Tensor& tensor) {
  return tensor.defined() ? std::optional<Saved>(std::in_place, "batch_norm", tensor)
                          : std::nullopt;
}

const void* saved_memory(const std::optional<Saved>& tensor) {
  return tensor ? memory(tensor->get()) : nullptr;
}

Gradients backward(const Kept& kept, const Tensor& grad, const Inputs& in) {
  const Tensor& x = kept.x.get();
  const std::int64_t channels = x.size(1);
  const Tensor g = rows_of(grad);
  const bool empty = x.numel() == 0;
  const auto per_channel = [&](std::size_t i) {
    const TensorOptions options{.dtype = parameter_dtype(x.dtype()), .device = x.device()};
    Tensor out = in.needs(i) ? in.gradient_for(i, {channels}, options) : Tensor();
    if (out.defined() && empty) out.fill_(0);
    return out;
  };
  const Tensor grad_x = in.needs(0) ? empty_rows(x) : Tensor();
  const Tensor grad_weight = per_channel(1);
  const Tensor grad_bias = per_channel(2);
  const Tensor grad_skip = in.needs(3) && kept.relu ? empty_rows(x) : Tensor();
  if (!empty) {
    const void* y = saved_memory(kept.y);
    backend(x.device())
        .batch_norm_grad({.dtype = x.dtype(),
                          .rows = x.numel() / channels,
                          .channels = channels,
                          .x = memory(x),
                          .mean = numbers(kept.statistics.mean),
                          .variance = numbers(kept.statistics.variance),
                          .eps = kept.eps,
                          .weight = saved_memory(kept.weight),
                          .bias = saved_memory(kept.bias),
                          // Only whether there is one matters here.
                          .skip = kept.has_skip ? y : nullptr,
                          .relu = kept.relu},
                         {.grad_y = memory(g),
                          .y = y,
                          .through_statistics = kept.training,
                          .parts = batch_sums(),
                          .grad_x = memory(grad_x),
                          .grad_skip = memory(grad_skip),
                          .grad_weight = memory(grad_weight),
                          .grad_bias = memory(grad_bias)});
  }
  return {grad_x, grad_weight, grad_bias, in.needs(3) && !kept.relu ? g : grad_skip};
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const Tensor& running_mean, const Tensor& running_var,
                  const BatchNormOptions& options) {
  return counted_batch_norm(x, weight, bias, running_mean, running_var, {}, options);
}

Tensor counted_batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                          const Tensor& running_mean, const Tensor& running_var,
                          const Tensor& batches, const BatchNormOptions& options) {
  check(x, weight, bias, running_mean, running_var, options);
  if (batches.defined()) {
    check_same_device("batch_norm", x, batches);
    if (batches.dtype() != DType::i64 || batches.rank() != 0) {
      fail("batch_norm", "the count of batches is ", name_of(batches.dtype()), " ",
           to_string(batches.shape()), "; needs i64 ()");
    }
  }
  const Tensor rows = rows_of(x);
  const Tensor skip = options.skip.defined() ? rows_of(options.skip) : Tensor();
  const Tensor weights = dense_or_undefined(weight);
  const Tensor biases = dense_or_undefined(bias);
  const bool relu = options.activation == Activation::relu;
  const Tensor y = empty_rows(x);
  const std::int64_t channels = x.size(1);
  const std::int64_t count = channels == 0 ? 0 : x.numel() / channels;
  BatchSums* const parts = options.training ? batch_sums() : nullptr;
  Running running(running_mean, running_var, batches);
  // Which moves the running statistics, with nothing left to do that memory may be out for.
  auto* const at_once = count > 0 && parts == nullptr
                            ? dynamic_cast<TrainingStatistics*>(&backend(x.device()))
                            : nullptr;
  Statistics statistics;
  std::int64_t batch_count = count;
  if (parts != nullptr) {
    std::tie(statistics, batch_count) = statistics_of_parts(rows, *parts);
    if (batch_count == 1) fail_for_one_value(x);
  } else if (!options.training) {
    statistics = {exact(running_mean), exact(running_var)};
  } else if (at_once != nullptr) {
    statistics = running.take(*at_once, rows, options.momentum);
  } else {
    statistics = statistics_of(rows);
  }
  if (y.numel() > 0) {
    backend(x.device())
        .batch_norm({.dtype = x.dtype(),
                     .rows = count,
                     .channels = channels,
                     .x = memory(rows),
                     .mean = numbers(statistics.mean),
                     .variance = numbers(statistics.variance),
                     .eps = options.eps,
                     .weight = memory(weights),
                     .bias = memory(biases),
                     .skip = memory(skip),
                     .relu = relu},
                    memory(y));
  }
  // Last: when memory is out, they stay as they were.
  if (options.training && at_once == nullptr && (parts == nullptr || parts->is_first())) {
    running.move(statistics, batch_count, options.momentum);
  }
  const Kept kept{.x = Saved("batch_norm", rows),
                  .statistics = statistics,
                  .weight = saved(weights),
                  .bias = saved(biases),
                  .y = relu && skip.defined() ? saved(y) : std::nullopt,
                  .has_skip = skip.defined(),
                  .eps = options.eps,
                  .relu = relu,
                  .training = options.training};
  return record("batch_norm", y, {x, weight, bias, options.skip},
                [kept](const Tensor& g, const Inputs& in) { return backward(kept, g, in); });
}

}  // namespace plastic

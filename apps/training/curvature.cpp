#include "apps/training/curvature.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "apps/cli/values.h"
#include "apps/training/model_choice.h"
#include "apps/training/training_images.h"
#include "core/check.h"
#include "plastic/core/autograd.h"
#include "plastic/nn/convert.h"
#include "plastic/nn/loss.h"

namespace plastic::apps {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A whole number above ten, with three digits below.
std::string rounded(double value) {
  if (std::isinf(value)) return "infinity";
  if (std::abs(value) >= 10.0) return std::to_string(std::llround(value));
  return brief(std::round(value * 100.0) / 100.0);
}

double mean_loss(const optim::BatchLoss& loss) {
  const NoGrad no_grad;
  double mean = 0.0;
  for (std::int64_t batch = 0; batch < loss.batches; ++batch) {
    mean += loss.of(batch).item() / static_cast<double>(loss.batches);
  }
  return mean;
}

}  // namespace

// Fieller: the ratios r for which A - r·B is within its error of 0, where A and B are the parts and
// V their variances: A² - t²·Vaa - 2r·(A·B - t²·Vab) + r²·(B² - t²·Vbb) <= 0.
Interval noise_interval(const optim::NoiseScale& noise, std::int64_t batches) {
  if (!std::isfinite(noise.trace_variance)) return {};
  const double t = student_quantile(static_cast<int>(batches) - 1);
  const double a = noise.trace;
  const double b = noise.gradient_square;
  const double square = b * b - t * t * noise.gradient_square_variance;
  const double half = a * b - t * t * noise.covariance;
  const double constant = a * a - t * t * noise.trace_variance;
  const double inside = half * half - square * constant;
  if (square > 0.0 && b > 0.0) {
    const double root = std::sqrt(std::max(0.0, inside));
    return {std::max(0.0, (half - root) / square), (half + root) / square};
  }
  // The gradient may be 0, and the ratio as large as one likes.
  if (square >= 0.0 || inside < 0.0) return {0.0, infinity};
  return {std::max(0.0, (half - std::sqrt(inside)) / square), infinity};
}

Curvature measure_curvature(const TrainConfig& config, const data::ImageDataset& train,
                            const StateDict& model, const CurvatureOptions& options) {
  const data::Batch images = training_images(config, train, options.images);
  const std::int64_t batches = images.labels.numel() / curvature_batch;
  if (batches < 2) {
    fail("curvature", "the noise of a gradient takes ", 2 * curvature_batch,
         " images or more, got ", images.labels.numel(), "; give more --images");
  }
  // Nothing is drawn in evaluation mode, but a network refers to its generator.
  Generator generator;
  const nn::ModulePtr network = make_model(config, model_sizes(train), generator);
  network->load_state_dict(model);
  nn::convert(*network, DType::f64);
  network->eval();
  const nn::CrossEntropyLoss criterion;
  const optim::BatchLoss loss{
      .of =
          [&](std::int64_t batch) {
            const std::int64_t first = batch * curvature_batch;
            const std::int64_t end = first + curvature_batch;
            const Tensor x = images.images.slice(0, first, end).to(DType::f64);
            return criterion((*network)(x), images.labels.slice(0, first, end));
          },
      .batches = batches};
  Curvature curvature{.images = batches * curvature_batch, .loss = mean_loss(loss)};
  curvature.noise = optim::noise_scale(network->parameters(), loss, curvature_batch);
  curvature.noise_interval = noise_interval(curvature.noise, batches);
  curvature.hessian = optim::hessian_eigenvalues(
      network->parameters(), loss,
      {.eigenvalues = options.eigenvalues,
       .generator = {.seed = config.seed, .stream = streams::sampled_images}});
  return curvature;
}

std::string stability_text(const OptimizerSettings& optimizer, double eigenvalue) {
  if (eigenvalue <= 0.0) {
    return "no direction curves upwards: gradient descent is at no minimum, and no learning rate\n"
           "is too large for a quadratic";
  }
  std::string text =
      "gradient descent on a quadratic this sharp converges for learning rates below\n"
      "2/eigenvalue = " +
      brief(2.0 / eigenvalue);
  const auto momentum = optimizer.numbers.find("momentum");
  if (optimizer.name == "sgd" && momentum != optimizer.numbers.end()) {
    const double limit = 2.0 * (1.0 + momentum->second) / eigenvalue;
    if (momentum->second > 0.0) {
      text += ", with momentum " + brief(momentum->second) + " below " + brief(limit);
    }
    text += "; this run's is " + brief(optimizer.lr);
    text += optimizer.lr > limit ? ", above it" : "";
    return text;
  }
  return text + "; " + optimizer.name + " scales each step otherwise,\nso its rate of " +
         brief(optimizer.lr) + " does not compare with that";
}

std::string noise_text(const Curvature& curvature, std::int64_t batch_size) {
  const optim::NoiseScale& noise = curvature.noise;
  if (std::isinf(noise.scale)) {
    return "these images cannot tell the mean gradient from its noise: give more --images";
  }
  const std::string head = "a batch of about " + rounded(noise.scale) +
                           " images has a gradient as long as its noise: much smaller ones\nneed "
                           "more steps in proportion, much larger ones save hardly any; ";
  return head + "this run's batches have " + std::to_string(batch_size);
}

}  // namespace plastic::apps

#pragma once

#include <cstdint>
#include <string>

#include "apps/study/statistics/interval.h"
#include "apps/training/training.h"
#include "plastic/optim/curvature.h"

namespace plastic::apps {

struct CurvatureOptions {
  /// Images of the training part to measure on; whole batches of curvature_batch at most.
  std::int64_t images = 2048;
  /// How many of the largest eigenvalues to find.
  int eigenvalues = 1;
};

/// Images per gradient whose noise is measured.
constexpr std::int64_t curvature_batch = 32;

/// The loss of a network around its weights, on images that it trains on.
struct Curvature {
  /// Steps and whole epochs that the network was trained for.
  std::int64_t step = 0;
  int epoch = 0;
  std::int64_t images = 0;
  double loss = 0.0;
  optim::HessianEigenvalues hessian = {};
  optim::NoiseScale noise = {};
  /// The interval of the noise scale, by Fieller's theorem from the jackknife's variances: `high`
  /// is infinite where the gradient may be 0.
  Interval noise_interval = {};
};

/// Measures a network with the weights `model` (Training::model_state()) of a run, in f64 on the
/// CPU, in evaluation mode: without dropout, with running statistics. The run itself is not
/// touched. `train` is the whole training set. Throws Error where there are fewer than two batches
/// of images.
Curvature measure_curvature(const TrainConfig& config, const data::ImageDataset& train,
                            const StateDict& model, const CurvatureOptions& options);

/// What `eigenvalue` means for gradient descent with the run's optimizer, and what the noise scale
/// means for its batches: sentences for a terminal.
std::string stability_text(const OptimizerSettings& optimizer, double eigenvalue);
std::string noise_text(const Curvature& curvature, std::int64_t batch_size);

/// The 95% interval of a ratio of which both parts have errors.
Interval noise_interval(const optim::NoiseScale& noise, std::int64_t batches);

}  // namespace plastic::apps

// The same bits from run to run, and what another number of threads changes: docs/design.md.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "apps/training.h"
#include "plastic/core/device.h"
#include "plastic/data/digits.h"

using namespace plastic;
using namespace plastic::apps;

namespace {

/// docs/design.md, "Determinism": of weights, the largest difference after 100 steps, as a share of
/// the largest weight of the tensor.
constexpr double weights_bound = 1e-3;
/// Of the losses of an epoch, relative.
constexpr double loss_bound = 1e-6;

struct Outcome {
  EpochResult result;
  std::vector<std::vector<float>> weights;
};

Outcome trained(const TrainConfig& config, int threads) {
  static const data::DatasetPair digits = data::digits({.train_size = 3200, .test_size = 200});
  const int before = num_threads();
  set_num_threads(threads);
  TrainingObserver observer;
  Training training(config, digits, observer);
  Outcome outcome{.result = training.run_epoch(1), .weights = {}};
  for (const NamedTensor& entry : training.model_state()) {
    outcome.weights.push_back(entry.tensor.to_vector<float>());
  }
  set_num_threads(before);
  return outcome;
}

double largest(const std::vector<float>& values) {
  double most = 0.0;
  for (const float value : values) most = std::max<double>(most, std::abs(value));
  return most;
}

double weights_difference(const Outcome& a, const Outcome& b) {
  double worst = 0.0;
  for (std::size_t i = 0; i < a.weights.size(); ++i) {
    double difference = 0.0;
    for (std::size_t j = 0; j < a.weights[i].size(); ++j) {
      difference =
          std::max(difference, std::abs(double{a.weights[i][j]} - double{b.weights[i][j]}));
    }
    worst = std::max(worst, difference / largest(a.weights[i]));
  }
  return worst;
}

double relative(double a, double b) { return std::abs(a - b) / std::abs(b); }

}  // namespace

TEST_CASE("apps.threads.agree_to_the_stated_bound") {
  for (const std::string& optimizer : optimizer_names()) {
    CAPTURE(optimizer);
    const TrainConfig config{.hidden = {{128, 64}},
                             .dropout = 0.2,
                             .optimizer = default_settings(optimizer, true),
                             .epochs = 1,
                             .batch_size = 32};
    const Outcome one = trained(config, 1);
    for (const int threads : {2, 4}) {
      CAPTURE(threads);
      const Outcome several = trained(config, threads);
      CHECK(weights_difference(several, one) <= weights_bound);
      CHECK(relative(several.result.train_loss, one.result.train_loss) <= loss_bound);
      CHECK(relative(several.result.test_loss, one.result.test_loss) <= loss_bound);
      // The same bits from run to run.
      if (threads == 2) CHECK(trained(config, threads).weights == several.weights);
    }
  }
}

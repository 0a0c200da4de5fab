// The same bits from run to run and for any number of threads: docs/design.md, "Determinism".
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "apps/training/training.h"
#include "plastic/core/device.h"
#include "plastic/data/digits.h"

using namespace plastic;
using namespace plastic::apps;

namespace {

struct Outcome {
  EpochResult result;
  std::vector<std::vector<float>> weights;
};

Outcome trained(const TrainConfig& config, int threads) {
  static const data::DatasetPair digits = data::digits({.train_size = 640, .test_size = 200});
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

void check_same_bits(const TrainConfig& config) {
  const Outcome one = trained(config, 1);
  for (const int threads : {2, 2, 3, 4}) {
    CAPTURE(threads);
    const Outcome several = trained(config, threads);
    CHECK(several.weights == one.weights);
    CHECK(several.result.train_loss == one.result.train_loss);
    CHECK(several.result.test_loss == one.result.test_loss);
  }
}

}  // namespace

TEST_CASE("apps.threads.same_bits_with_every_optimizer") {
  for (const std::string& optimizer : optimizer_names()) {
    CAPTURE(optimizer);
    check_same_bits({.hidden = {{128, 64}},
                     .dropout = 0.2,
                     .optimizer = default_settings(optimizer, true),
                     .epochs = 1,
                     .batch_size = 32});
  }
}

TEST_CASE("apps.threads.same_bits_with_convolutions") {
  check_same_bits({.model = "lenet",
                   .optimizer = default_settings("neuroplastic", true),
                   .epochs = 1,
                   .batch_size = 64});
}

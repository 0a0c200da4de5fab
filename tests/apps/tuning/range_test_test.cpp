#include "apps/tuning/range_test.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "apps/cli/values.h"
#include "plastic/data/digits.h"

using namespace plastic;
using namespace plastic::apps;

namespace {

TrainConfig small_config(const std::string& optimizer) {
  TrainConfig config;
  config.hidden = std::vector<std::int64_t>{16};
  config.dropout = 0.1;
  config.batch_size = 40;
  config.epochs = 2;
  config.optimizer = default_settings(optimizer, false);
  return config;
}

const data::DatasetPair& small_data() {
  static const data::DatasetPair data = data::digits({.train_size = 200, .test_size = 60});
  return data;
}

// Asks for the loss of every batch.
class Losses : public TrainingObserver {
 public:
  bool wants_batch_loss(std::int64_t, std::int64_t) const override { return true; }
  void on_step(const StepResult& step) override { losses.push_back(step.batch_loss.value()); }
  std::vector<double> losses;
};

}  // namespace

TEST_CASE("apps.range_test.trains_as_a_run_does") {
  const data::DatasetPair& data = small_data();
  for (const char* optimizer : {"neuroplastic", "adamw", "muon", "schedule-free-sgd"}) {
    CAPTURE(optimizer);
    TrainConfig config = small_config(optimizer);
    Losses run;
    Training training(config, data, run);
    const EpochResult first = training.run_epoch(1);
    REQUIRE(run.losses.size() == 5);
    double sum = 0.0;
    for (const double loss : run.losses) sum += loss;
    // All batches have 40 images.
    CHECK(sum / 5.0 == doctest::Approx(first.train_loss));
    // With a rate that hardly rises, the losses are those of the run.
    const double rate = config.optimizer.lr;
    const RangeRun test =
        run_range_test(config, data, {.low = rate, .high = rate * (1 + 1e-12), .steps = 20});
    REQUIRE(test.losses.size() == 20);
    CHECK_FALSE(test.has_diverged);
    for (std::size_t i = 0; i < 5; ++i) {
      CHECK(test.losses[i] == doctest::Approx(run.losses[i]).epsilon(1e-5));
    }
  }
}

TEST_CASE("apps.range_test.ends_where_it_diverges") {
  const data::DatasetPair& data = small_data();
  const TrainConfig config = small_config("sgd");
  const RangeTestOptions options{.low = 1e-3, .high = 1e6, .steps = 60};
  int steps = 0;
  const RangeRun run = run_range_test(config, data, options, [&steps] { ++steps; });
  CHECK(run.has_diverged);
  CHECK(run.losses.size() < 60);
  CHECK(steps <= std::ssize(run.losses));
  for (const double loss : run.losses) CHECK(std::isfinite(loss));
  CHECK(run_range_test(config, data, options).losses == run.losses);
}

TEST_CASE("apps.range_test.options") {
  const data::DatasetPair& data = small_data();
  TrainConfig config = small_config("adam");
  config.batch_size = 100;
  CHECK(usual_range_test(config, data.train).steps == 200);
  const data::DatasetPair more = data::digits({.train_size = 3000, .test_size = 10});
  config.batch_size = 10;
  const RangeTestOptions usual = usual_range_test(config, more.train);
  CHECK(usual.steps == 300);
  CHECK(usual.low == doctest::Approx(1e-6));
  CHECK(usual.high == doctest::Approx(1.0));
  CHECK_NOTHROW(check_range_test(usual));
  CHECK_THROWS_AS(check_range_test({.low = 1, .high = 1, .steps = 100}), UsageError);
  CHECK_THROWS_AS(check_range_test({.low = 1, .high = 2, .steps = 19}), UsageError);
}

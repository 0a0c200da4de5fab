#include "apps/runs/checkpoint.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "apps/runs/best_epoch.h"
#include "apps/runs/metrics.h"
#include "apps/runs/saved_run.h"
#include "plastic/core/error.h"
#include "tests/apps/program.h"

using namespace plastic;
using namespace plastic::apps;

TEST_CASE("apps.checkpoint.round_trip") {
  const test::TemporaryFolder folder;
  CHECK_FALSE(load_checkpoint(folder.path()).has_value());
  save_checkpoint(
      folder.path(),
      {.epoch = 3, .config = "lr = 1\n", .state = {{"model.w", Tensor::of({1, 2}, {2})}}});
  const auto loaded = load_checkpoint(folder.path());
  REQUIRE(loaded.has_value());
  CHECK(loaded->epoch == 3);
  CHECK(loaded->config == "lr = 1\n");
  REQUIRE(loaded->state.size() == 1);
  CHECK(loaded->state[0].tensor.to_vector<float>() == std::vector<float>{1, 2});
}

// The state of a large run is gigabytes: whether it is the right run is seen before.
TEST_CASE("apps.checkpoint.is_checked_before_its_state_is_read") {
  const test::TemporaryFolder folder;
  save_checkpoint(
      folder.path(),
      {.epoch = 3, .config = "lr = 1\n", .state = {{"model.w", Tensor::of({1, 2}, {2})}}});
  std::string bytes = test::read_file(checkpoint_path(folder.path()));
  bytes.back() ^= 1;
  test::write_file(checkpoint_path(folder.path()), bytes);
  CHECK_THROWS_WITH_AS(load_checkpoint(folder.path()), doctest::Contains("damaged"), Error);
  const auto check = [](const Checkpoint& head) {
    CHECK(head.epoch == 3);
    CHECK(head.config == "lr = 1\n");
    CHECK(head.state.empty());
    throw std::runtime_error("another run");
  };
  CHECK_THROWS_WITH_AS(load_checkpoint(folder.path(), check), "another run", std::runtime_error);
}

TEST_CASE("apps.metrics.line_is_read_back") {
  const EpochResult result{.epoch = 2,
                           .train_loss = 0.1 + 0.2,
                           .train_accuracy = 1.0 / 3,
                           .validation_loss = 0.3,
                           .validation_accuracy = 0.25,
                           .test_loss = 1e-300,
                           .test_accuracy = 0.5,
                           .seconds = 1.5,
                           .images_per_second = 7,
                           .learning_rate = 0.1,
                           .diagnostics = {{"z", 1.0}, {"a", 2.0}}};
  CHECK(metrics_line(parse_metrics_line(metrics_line(result))) == metrics_line(result));
  CHECK(parse_metrics_line(metrics_line(result)).validation_accuracy == 0.25);
  CHECK_FALSE(parse_metrics_line(metrics_line({.epoch = 1})).validation_loss);
  for (const char* line : {"", "{", "[]", "{}", "{\"epoch\":\"one\"}"}) {
    CAPTURE(line);
    CHECK_THROWS_AS(parse_metrics_line(line), Error);
  }
}

TEST_CASE("apps.saved_run.best_and_early_stopping") {
  std::vector<EpochResult> results;
  CHECK(best_epoch(results) == 0);
  CHECK_FALSE(stops_early(results, 1));
  for (const double accuracy : {0.5, 0.7, 0.7, 0.6}) {
    results.push_back({.epoch = static_cast<int>(results.size()) + 1, .test_accuracy = accuracy});
  }
  CHECK(best_epoch(results) == 2);
  CHECK(stops_early(results, 2));
  CHECK_FALSE(stops_early(results, 3));
  CHECK_FALSE(stops_early(results, 0));
}

TEST_CASE("apps.saved_run.validation_chooses") {
  std::vector<EpochResult> results;
  for (const double validation : {0.5, 0.7, 0.7, 0.6, 0.6}) {
    const int epoch = static_cast<int>(results.size()) + 1;
    results.push_back(
        {.epoch = epoch, .validation_accuracy = validation, .test_accuracy = 0.1 * epoch});
  }
  CHECK(best_epoch(results) == 2);
  CHECK(stops_early(results, 3));
}

// One rule for running, reporting and analysing.
TEST_CASE("apps.saved_run.best_epoch_index") {
  using Numbers = std::vector<double>;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(best_epoch_index({}, {}));
  CHECK(best_epoch_index(Numbers{0.1, 0.3, 0.3}, Numbers{0.9, 0.1, 0.2}) == 1);
  CHECK(best_epoch_index(Numbers{nan, 0.2, nan}, Numbers{0.9, 0.1, 0.2}) == 1);
  CHECK(best_epoch_index(Numbers{nan, nan}, Numbers{0.1, 0.2}) == 1);
  CHECK(best_epoch_index({}, Numbers{0.3, 0.2}) == 0);
  CHECK(best_epoch_index({}, Numbers{nan, nan}) == 0);

  // As a run has it whose validation loss was lost for an epoch.
  std::vector<EpochResult> results = {
      {.epoch = 1, .validation_accuracy = nan, .test_accuracy = 0.9},
      {.epoch = 2, .validation_accuracy = 0.5, .test_accuracy = 0.1}};
  CHECK(best_epoch(results) == 2);
}

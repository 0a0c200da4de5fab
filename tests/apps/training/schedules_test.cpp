#include "apps/training/schedules.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "apps/cli/values.h"

using namespace plastic::apps;

namespace {

TrainConfig config(const std::string& schedule, int warmup, double decay = 1.0) {
  TrainConfig config{.epochs = 4, .schedule = parse_schedule(schedule), .warmup_epochs = warmup};
  config.optimizer.lr_decay = decay;
  return config;
}

}  // namespace

TEST_CASE("apps.schedules.rates") {
  // Ten steps an epoch, forty in all, from a rate of 2.
  const auto rate = [](const TrainConfig& run, std::int64_t t) {
    return make_schedule(run, 10).lr(t, 2.0);
  };
  CHECK(rate(config("constant", 0), 39) == 2.0);
  CHECK(rate(config("constant", 0, 0.5), 9) == 2.0);
  CHECK(rate(config("constant", 0, 0.5), 10) == 1.0);
  CHECK(rate(config("constant", 0, 0.5), 39) == 0.25);
  CHECK(rate(config("constant", 1), 0) == doctest::Approx(0.2));
  CHECK(rate(config("constant", 1), 5) == doctest::Approx(0.2 + 1.8 * 0.5));
  CHECK(rate(config("constant", 1), 10) == 2.0);
  CHECK(rate(config("cosine", 0), 20) == doctest::Approx(1.0));
  CHECK(rate(config("cosine", 0, 0.5), 20) == doctest::Approx(0.25));
  CHECK(rate(config("cosine", 2), 20) == 2.0);
  CHECK(rate(config("cosine", 2), 30) == doctest::Approx(1.0));
  CHECK(rate(config("cosine", 2), 40) == doctest::Approx(0.0));
  CHECK(rate(config("one-cycle", 0), 0) == doctest::Approx(0.08));
  CHECK(rate(config("one-cycle", 0), 11) == doctest::Approx(2.0));
  CHECK(rate(config("one-cycle", 0), 39) == doctest::Approx(0.08e-4));
}

TEST_CASE("apps.schedules.changes") {
  TrainConfig before = config("cosine", 0);
  before.optimizer = default_settings("sgd", false);
  before.optimizer.lr = 2;
  TrainConfig now = before;
  CHECK(schedule_changes(before, now, 10, 40).empty());
  now.epochs = 8;
  CHECK(schedule_changes(before, now, 10, 0).empty());
  CHECK(
      schedule_changes(before, now, 10, 40) ==
      std::vector<std::string>{"the cosine schedule is stretched from 4 to 8 epochs: the learning "
                               "rate was 0.00308267 in the last step and is 1 in the next"});
  std::swap(before, now);
  CHECK(schedule_changes(before, now, 10, 20)[0].starts_with(
      "the cosine schedule is shortened from 8 to 4 epochs"));
  before.schedule = now.schedule = LrSchedule::constant;
  CHECK(schedule_changes(before, now, 10, 20).empty());

  before.optimizer = default_settings("neuroplastic", false);
  before.optimizer.plasticity.warmup_epochs = 2;
  now.optimizer = before.optimizer;
  CHECK(schedule_changes(before, now, 10, 20).empty());
  now.optimizer.plasticity.orthogonal_residual = true;
  now.optimizer.plasticity.orthogonal_schedule = plastic::optim::OrthogonalSchedule::late;
  CHECK(schedule_changes(before, now, 10, 20) ==
        std::vector<std::string>{"NeuroPlastic's schedule is shortened from 8 to 4 epochs: 0.25 of "
                                 "it was done and now 0.5 is"});
}

TEST_CASE("apps.schedules.names") {
  for (const std::string& name : schedule_names()) CHECK(name_of(parse_schedule(name)) == name);
  CHECK_THROWS_WITH_AS(parse_schedule("linear"),
                       "expected one of constant, cosine, one-cycle, got 'linear'", UsageError);
}

TEST_CASE("apps.schedules.refuses") {
  check_schedule(config("cosine", 3));
  check_schedule(config("one-cycle", 0));
  CHECK_THROWS_WITH_AS(check_schedule(config("constant", 4)),
                       "--warmup 4: the run has 4 epochs; expected fewer than that", UsageError);
  CHECK_THROWS_WITH_AS(check_schedule(config("one-cycle", 1)),
                       "--warmup: one-cycle has its own warm-up", UsageError);
}

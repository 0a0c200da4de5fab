#include "plastic/optim/schedule.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "plastic/optim/plateau.h"
#include "plastic/optim/sgd.h"
#include "tests/optim/golden.h"
#include "tests/optim/helpers.h"
#include "tests/support/paths.h"

using namespace plastic;
using namespace plastic::test;
using optim::Schedule;
using test::Json;

namespace {

optim::Sgd optimizer_with(double lr) {
  return optim::Sgd(std::vector<Tensor>{parameter({2}, 1)}, {.lr = lr});
}

/// tests/optim/golden/make_torch_schedules.py
Json golden_file() {
  return test::read_json(test::test_folder() / "optim/golden/torch_schedules.json");
}

Schedule schedule_of(const std::string& name, const Json& o) {
  if (name == "step") return Schedule::step(o[0], o[1]);
  if (name == "exponential") return Schedule::exponential(o[0]);
  if (name == "cosine") return Schedule::cosine(o[0], o[1]);
  if (name == "one_cycle") return Schedule::one_cycle(o[0], o[1], o[2], o[3]);
  if (name == "warmup") return Schedule::warmup(o[0], o[1], Schedule::constant());
  if (name == "warmup_step") return Schedule::warmup(o[0], o[1], Schedule::step(o[2], o[3]));
  REQUIRE(name == "warmup_cosine");
  return Schedule::warmup(o[0], o[1], Schedule::cosine(o[2], o[3]));
}

void check_rate(double actual, double expected) {
  CHECK(std::abs(actual - expected) <= 1e-12 + 1e-9 * expected);
}

optim::PlateauOptions plateau_options(const Json& o) {
  optim::PlateauOptions options;
  if (o.value("mode", "min") == "max") options.mode = optim::PlateauMode::max;
  if (o.value("threshold_mode", "rel") == "abs") {
    options.threshold_mode = optim::PlateauThreshold::absolute;
  }
  options.factor = o.value("factor", options.factor);
  options.patience = o.value("patience", options.patience);
  options.threshold = o.value("threshold", options.threshold);
  options.cooldown = o.value("cooldown", options.cooldown);
  options.lowest = o.value("min_lr", options.lowest);
  options.eps = o.value("eps", options.eps);
  return options;
}

double metric_of(const Json& json) { return json.is_null() ? NAN : json.get<double>(); }

}  // namespace

TEST_CASE("optim.schedule.torch") {
  const Json file = golden_file();
  REQUIRE(file.at("timed").size() == 12);
  for (const Json& test : file.at("timed")) {
    INFO(test.at("name").dump(), " ", test.at("options").dump());
    optim::Sgd optimizer = optimizer_with(0.1);
    optim::Scheduler scheduler(optimizer, schedule_of(test.at("name"), test.at("options")));
    check_rate(optimizer.lr(), test.at("lr")[0]);
    for (std::size_t t = 1; t < test.at("lr").size(); ++t) {
      scheduler.step();
      check_rate(optimizer.lr(), test.at("lr")[t]);
    }
  }
}

TEST_CASE("optim.schedule.one_cycle_stays_at_its_end") {
  const Schedule schedule = Schedule::one_cycle(10, 0.3, 10, 100);
  check_rate(schedule.lr(9, 2), 2e-3);
  CHECK(schedule.lr(50, 2) == schedule.lr(9, 2));
  check_rate(schedule.lr(2, 2), 2);
}

TEST_CASE("optim.schedule.groups_keep_their_own_rates") {
  optim::Sgd optimizer(std::vector<optim::SgdGroup>{{{parameter({2}, 1)}, {.lr = 1}},
                                                    {{parameter({3}, 2)}, {.lr = 0.5}}});
  optim::Scheduler scheduler(optimizer, Schedule::exponential(0.5));
  scheduler.step();
  scheduler.step();
  CHECK(optimizer.lr(0) == 0.25);
  CHECK(optimizer.lr(1) == 0.125);
}

TEST_CASE("optim.schedule.resumes_with_the_same_bits") {
  optim::Sgd optimizer = optimizer_with(0.3);
  optim::Scheduler scheduler(optimizer, Schedule::warmup(3, 0.1, Schedule::cosine(20)));
  for (int t = 0; t < 7; ++t) scheduler.step();

  // The rate that a resumed optimizer has is not the base: the state knows that.
  optim::Sgd other = optimizer_with(optimizer.lr());
  optim::Scheduler resumed(other, Schedule::warmup(3, 0.1, Schedule::cosine(20)));
  resumed.load_state_dict(scheduler.state_dict());
  CHECK(resumed.time() == 7);
  CHECK(other.lr() == optimizer.lr());
  for (int t = 0; t < 5; ++t) {
    scheduler.step();
    resumed.step();
    CHECK(other.lr() == optimizer.lr());
  }
}

TEST_CASE("optim.schedule.state_errors_change_nothing") {
  optim::Sgd optimizer = optimizer_with(0.3);
  optim::Scheduler scheduler(optimizer, Schedule::step(1));
  scheduler.step();
  const auto load = [&](const StateDict& state) {
    return error_of([&] { scheduler.load_state_dict(state); });
  };
  StateDict state = scheduler.state_dict();
  state.erase(state.begin() + 1);
  CHECK(contains(load(state), "\"group.0.base_lr\""));
  state = scheduler.state_dict();
  state.push_back({"extra", Tensor::zeros({})});
  CHECK(contains(load(state), "\"extra\" is unknown"));
  state.back() = state.front();
  CHECK(contains(load(state), "twice"));
  state = scheduler.state_dict();
  state[0].tensor = Tensor::full({}, 1.5);
  CHECK(contains(load(state), "\"time\" is 1.5, expected a whole number"));
  state = scheduler.state_dict();
  state[1].tensor = Tensor::full({}, -1);
  CHECK(contains(load(state), "base_lr is -1"));
  state = scheduler.state_dict();
  state[2].tensor = Tensor::full({}, -1);
  CHECK(contains(load(state), "group.0.lr is -1"));
  CHECK(scheduler.time() == 1);
  CHECK(optimizer.lr() == doctest::Approx(0.03));
}

TEST_CASE("optim.schedule.a_state_without_rates_gives_those_of_the_schedule") {
  optim::Sgd optimizer = optimizer_with(0.3);
  optim::Scheduler scheduler(optimizer, Schedule::step(2));
  scheduler.load_state_dict({{"time", Tensor::full({}, 3, {.dtype = DType::i64})},
                             {"group.0.base_lr", Tensor::full({}, 2, {.dtype = DType::f64})}});
  CHECK(optimizer.lr() == doctest::Approx(0.2));
}

TEST_CASE("optim.schedule.composes_with_plateau_as_in_torch") {
  const Json file = golden_file();
  REQUIRE(file.at("composed").size() == 6);
  for (const Json& test : file.at("composed")) {
    INFO(test.at("name").dump(), " ", test.at("options").dump());
    const std::size_t count = test.at("metrics").size();
    // Cut at every place: a resumed run continues with the same bits.
    for (std::size_t cut = 0; cut <= count; ++cut) {
      CAPTURE(cut);
      optim::Sgd optimizer = optimizer_with(0.1);
      auto schedule = schedule_of(test.at("name"), test.at("options"));
      optim::Scheduler scheduler(optimizer, schedule);
      optim::ReduceOnPlateau plateau(optimizer, plateau_options(test.at("plateau")));
      optim::Sgd other = optimizer_with(0.7);
      optim::Scheduler other_scheduler(other, schedule);
      optim::ReduceOnPlateau other_plateau(other, plateau_options(test.at("plateau")));
      check_rate(optimizer.lr(), test.at("lr")[0]);
      for (std::size_t i = 0; i < count; ++i) {
        if (i == cut) {
          other.load_state_dict(optimizer.state_dict());
          other_scheduler.load_state_dict(scheduler.state_dict());
          other_plateau.load_state_dict(plateau.state_dict());
        }
        const double metric = metric_of(test.at("metrics")[i]);
        scheduler.step();
        check_rate(optimizer.lr(), test.at("lr")[2 * i + 1]);
        plateau.step(metric);
        check_rate(optimizer.lr(), test.at("lr")[2 * i + 2]);
        if (i < cut) continue;
        other_scheduler.step();
        other_plateau.step(metric);
        CHECK(other.lr() == optimizer.lr());
      }
    }
  }
}

TEST_CASE("optim.schedule.two_chain_as_in_torch") {
  const Json rates = golden_file().at("chained");
  optim::Sgd optimizer = optimizer_with(0.1);
  optim::Scheduler first(optimizer, Schedule::warmup(6, 0.1, Schedule::constant()));
  optim::Scheduler second(optimizer, Schedule::exponential(0.9));
  check_rate(optimizer.lr(), rates[0]);
  for (std::size_t t = 1; t < rates.size(); ++t) {
    first.step();
    second.step();
    check_rate(optimizer.lr(), rates[t]);
  }
}

TEST_CASE("optim.schedule.a_reduction_lasts") {
  // Where PyTorch's forget it: in one cycle, and where a warm-up ends.
  const auto check = [](const Schedule& schedule, int reduced_at) {
    optim::Sgd plain = optimizer_with(0.1);
    optim::Sgd optimizer = optimizer_with(0.1);
    optim::Scheduler reference(plain, schedule);
    optim::Scheduler scheduler(optimizer, schedule);
    for (int t = 0; t < 20; ++t) {
      if (t == reduced_at) optimizer.set_lr(optimizer.lr() * 0.25);
      reference.step();
      scheduler.step();
      check_rate(optimizer.lr(), plain.lr() * (t >= reduced_at ? 0.25 : 1));
    }
  };
  check(Schedule::one_cycle(20), 4);
  check(Schedule::one_cycle(20), 12);
  check(Schedule::warmup(6, 0.1, Schedule::cosine(20)), 3);
  check(Schedule([](std::int64_t t, double base) { return base / static_cast<double>(t + 1); }), 5);
}

TEST_CASE("optim.schedule.a_rate_that_was_0_can_rise_again") {
  const Tensor w = Tensor::ones({1}).set_requires_grad();
  optim::Sgd optimizer({w}, {.lr = 0.1});
  optim::Scheduler scheduler(optimizer, optim::Schedule::exponential(0.9));
  scheduler.step();
  optimizer.set_lr(0);
  scheduler.step();
  CHECK(optimizer.lr() == 0);
  optimizer.set_lr(0.3);
  scheduler.step();
  CHECK(optimizer.lr() == doctest::Approx(0.27));

  optim::Sgd other({w}, {.lr = 0.3});
  optim::Scheduler warmup(other, optim::Schedule::warmup(3, 0, optim::Schedule::constant()));
  optim::Scheduler decay(other, optim::Schedule::exponential(0.9));
  for (int step = 0; step < 3; ++step) {
    warmup.step();
    decay.step();
  }
  CHECK(other.lr() > 0.1);
}

TEST_CASE("optim.schedule.a_refused_rate_changes_nothing") {
  optim::Sgd optimizer(std::vector<optim::SgdGroup>{{{parameter({2}, 1)}, {.lr = 1}},
                                                    {{parameter({3}, 2)}, {.lr = 0.5}}});
  optim::Scheduler scheduler(optimizer, Schedule([](std::int64_t t, double base) {
                               return t == 2 && base < 1 ? -1.0 : base / static_cast<double>(t + 1);
                             }));
  scheduler.step();
  CHECK(contains(error_of([&] { scheduler.step(); }), "the rate of the schedule is -1"));
  CHECK(scheduler.time() == 1);
  CHECK(optimizer.lr(0) == 0.5);
  CHECK(optimizer.lr(1) == 0.25);
}

TEST_CASE("optim.schedule.bad_options") {
  CHECK(contains(error_of([] { Schedule::step(0); }), "[Schedule::step] every is 0"));
  CHECK(contains(error_of([] { Schedule::exponential(-1); }), "gamma is -1"));
  CHECK(contains(error_of([] { Schedule::cosine(0); }), "period is 0"));
  CHECK(contains(error_of([] { Schedule::cosine(3, -1); }), "lowest is -1"));
  CHECK(contains(error_of([] { Schedule::warmup(3, 2, Schedule::constant()); }), "first is 2"));
  CHECK(contains(error_of([] { Schedule::one_cycle(1); }), "total is 1"));
  CHECK(contains(error_of([] { Schedule::one_cycle(9, 1.5); }), "rising is 1.5"));
  CHECK(contains(error_of([] { Schedule(nullptr); }), "the rule is empty"));
}

TEST_CASE("optim.plateau.torch") {
  const Json file = golden_file();
  REQUIRE(file.at("plateau").size() == 13);
  for (const Json& test : file.at("plateau")) {
    INFO(test.at("options").dump());
    optim::Sgd optimizer = optimizer_with(0.1);
    optim::ReduceOnPlateau plateau(optimizer, plateau_options(test.at("options")));
    for (std::size_t i = 0; i < test.at("metrics").size(); ++i) {
      plateau.step(metric_of(test.at("metrics")[i]));
      check_rate(optimizer.lr(), test.at("lr")[i + 1]);
    }
  }
}

TEST_CASE("optim.plateau.resumes") {
  const Json test = golden_file().at("plateau")[1];
  const optim::PlateauOptions options = plateau_options(test.at("options"));
  const std::size_t count = test.at("metrics").size();
  // Cut at every place, so that every part of the state is seen to matter.
  for (std::size_t cut = 0; cut < count; ++cut) {
    optim::Sgd optimizer = optimizer_with(0.1);
    optim::ReduceOnPlateau before(optimizer, options);
    optim::ReduceOnPlateau after(optimizer, options);
    for (std::size_t i = 0; i < count; ++i) {
      if (i == cut) after.load_state_dict(before.state_dict());
      (i < cut ? before : after).step(metric_of(test.at("metrics")[i]));
    }
    check_rate(optimizer.lr(), test.at("lr")[count]);
  }
}

TEST_CASE("optim.plateau.errors") {
  optim::Sgd optimizer = optimizer_with(0.1);
  const auto make = [&](const optim::PlateauOptions& options) {
    return error_of([&] { optim::ReduceOnPlateau(optimizer, options); });
  };
  CHECK(contains(make({.factor = 1}), "[ReduceOnPlateau] factor is 1"));
  CHECK(contains(make({.patience = -1}), "patience is -1"));
  CHECK(contains(make({.threshold = NAN}), "threshold is nan"));
  optim::ReduceOnPlateau plateau(optimizer);
  StateDict state = plateau.state_dict();
  state[0].tensor = Tensor::full({}, NAN);
  CHECK(contains(error_of([&] { plateau.load_state_dict(state); }), "\"best\" is nan"));
}

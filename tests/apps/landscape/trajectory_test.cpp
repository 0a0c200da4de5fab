// The library's optimizers on functions of two numbers.
#include "apps/landscape/trajectory.h"

#include <doctest/doctest.h>

#include <cmath>

#include "apps/training/optimizer_overrides.h"
#include "plastic/core/autograd.h"
#include "tests/support/thread_count.h"

using namespace plastic;
using namespace plastic::apps;
using namespace plastic::test;

namespace {

OptimizerSettings settings_of(const std::string& name, double lr) {
  OptimizerSettings settings = default_settings(name, false);
  settings.lr = lr;
  settings.plasticity.lr = lr;
  return settings;
}

}  // namespace

TEST_CASE("apps.landscape.functions") {
  for (const TestFunction& function : test_functions()) {
    CAPTURE(function.name);
    CHECK(find_test_function(function.name) == &function);
    CHECK(value_at(function, function.minimum[0], function.minimum[1]) ==
          doctest::Approx(0).epsilon(1e-12));
    const Region& region = function.region;
    for (const Point& inside : {function.start, function.minimum}) {
      CHECK(inside[0] > region.left);
      CHECK(inside[0] < region.right);
      CHECK(inside[1] > region.bottom);
      CHECK(inside[1] < region.top);
    }
    const Tensor point =
        Tensor::from(std::vector<double>{function.start[0], function.start[1]}).set_requires_grad();
    CHECK(gradcheck([&](std::span<const Tensor> inputs) { return function.of(inputs[0]); },
                    std::vector<Tensor>{point})
              .passed);
  }
  // By hand, away from their minima.
  CHECK(value_at(*find_test_function("rosenbrock"), -1, 2) == doctest::Approx(104));
  CHECK(value_at(*find_test_function("rastrigin"), 0.5, 1) == doctest::Approx(21.25));
  CHECK(value_at(*find_test_function("quadratic"), 2, 3) == doctest::Approx(92));
  CHECK(value_at(*find_test_function("beale"), 1, 2) ==
        doctest::Approx(2.5 * 2.5 + 5.25 * 5.25 + 9.625 * 9.625));
  CHECK(find_test_function("rosenbrok") == nullptr);
}

// x ← (1 - lr)·x and y ← (1 - 20·lr)·y.
TEST_CASE("apps.landscape.trajectory.sgd_on_the_quadratic") {
  OptimizerSettings settings = settings_of("sgd", 0.03);
  settings.numbers["momentum"] = 0.0;
  const TestFunction& function = *find_test_function("quadratic");
  const Trajectory way = follow(function, settings, {-4, 1.5}, 40);
  REQUIRE(way.points.size() == 41);
  for (int step = 0; step <= 40; ++step) {
    const Point& point = way.points[static_cast<std::size_t>(step)];
    CHECK(point[0] == doctest::Approx(-4 * std::pow(0.97, step)).epsilon(1e-5));
    CHECK(point[1] == doctest::Approx(1.5 * std::pow(0.4, step)).epsilon(1e-4));
  }
  CHECK(way.loss == doctest::Approx(8 * std::pow(0.97, 80)).epsilon(1e-4));
  CHECK_FALSE(way.diverged);
}

// Beyond 2/20 the steep direction grows until it is no number.
TEST_CASE("apps.landscape.trajectory.diverges") {
  OptimizerSettings settings = settings_of("sgd", 0.2);
  settings.numbers["momentum"] = 0.0;
  const Trajectory way = follow(*find_test_function("quadratic"), settings, {-4, 1.5}, 500);
  CHECK(way.diverged);
  CHECK(way.points.size() < 200);
  CHECK(std::isinf(way.loss));
  for (const Point& point : way.points) CHECK(std::isfinite(point[1]));
}

TEST_CASE("apps.landscape.trajectory.every_optimizer_comes_down") {
  const TestFunction& function = *find_test_function("quadratic");
  const double before = value_at(function, function.start[0], function.start[1]);
  for (const std::string& name : optimizer_names()) {
    CAPTURE(name);
    OptimizerSettings settings = default_settings(name, false);
    // Muon is for matrices: a vector is stepped by its AdamW, which has a rate of its own.
    if (name == "muon") settings.numbers.at("adamw-lr") = 0.3;
    const double lr = best_learning_rate(function, settings, function.start, 60);
    settings.lr = lr;
    settings.plasticity.lr = lr;
    CHECK(follow(function, settings, function.start, 60).loss < 0.2 * before);
  }
}

TEST_CASE("apps.landscape.trajectory.best_learning_rate") {
  OptimizerSettings settings = default_settings("sgd", false);
  settings.numbers["momentum"] = 0.0;
  // Of 0.01 and its half decades, 0.03 leaves 0.97^n of x; 0.1 and above do not converge.
  CHECK(best_learning_rate(*find_test_function("quadratic"), settings, {-4, 1.5}, 100) ==
        doctest::Approx(0.03));
}

TEST_CASE("apps.landscape.trajectory.sam_and_averages") {
  const TestFunction& function = *find_test_function("rosenbrock");
  OptimizerSettings sam = settings_of("sgd", 1e-4);
  sam.sam = 0.05;
  const Trajectory plain = follow(function, settings_of("sgd", 1e-4), function.start, 50);
  const Trajectory sharp = follow(function, sam, function.start, 50);
  CHECK(sharp.points.size() == 51);
  CHECK(sharp.points.back() != plain.points.back());
  // The weights to evaluate, which lag behind those of training.
  const Trajectory average =
      follow(function, settings_of("schedule-free-sgd", 1e-3), function.start, 50);
  CHECK(average.loss < value_at(function, function.start[0], function.start[1]));
}

TEST_CASE("apps.landscape.trajectory.same_bits_for_any_number_of_threads") {
  const TestFunction& function = *find_test_function("beale");
  std::vector<Point> ends;
  for (const int threads : {1, 4}) {
    const ThreadCount count(threads);
    ends.push_back(
        follow(function, settings_of("neuroplastic", 0.1), function.start, 100).points.back());
  }
  CHECK(ends[0] == ends[1]);
}

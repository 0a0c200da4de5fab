#include "apps/metrics.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <vector>

using namespace plastic::apps;
using nlohmann::json;

TEST_CASE("apps.metrics.line") {
  EpochResult result{.epoch = 3,
                     .train_loss = 0.1,
                     .train_accuracy = 1.0 / 3.0,
                     .seconds = 2.0,
                     .learning_rate = 0.01};
  const std::string line = metrics_line(result);
  CHECK(line.back() == '\n');
  CHECK(json::parse(line)["train_accuracy"] == 1.0 / 3.0);
  CHECK(json::parse(line)["learning_rate"] == 0.01);
  CHECK_FALSE(json::parse(line).contains("diagnostics"));
  result.diagnostics = {{"alpha_mean", 0.5}};
  CHECK(json::parse(metrics_line(result))["diagnostics"] == json({{"alpha_mean", 0.5}}));
}

TEST_CASE("apps.metrics.comparison") {
  const std::vector<OptimizerRuns> runs = {
      {.optimizer = "a", .accuracies = {0.80, 0.81, 0.82}, .seconds = {1, 2, 3}},
      {.optimizer = "b", .accuracies = {0.79, 0.83, 0.82}, .seconds = {4, 4, 4}},
  };
  const std::vector<std::uint64_t> seeds = {1, 2, 3};
  const std::vector<OptimizerSettings> settings = {{.name = "a"}, {.name = "b"}};
  const json whole = json::parse(comparison_json("digits", {}, seeds, settings, runs));
  CHECK(whole["data"] == "digits");
  CHECK(whole["seeds"] == json({1, 2, 3}));
  CHECK(whole["settings"].size() == 2);
  CHECK(whole["optimizers"][0]["mean_seconds"] == 2.0);
  CHECK_FALSE(whole["optimizers"][0].contains("versus_first"));
  CHECK(whole["optimizers"][1]["versus_first"]["wins"] == 1);
  CHECK(whole["optimizers"][1]["versus_first"]["ties"] == 1);
  CHECK(whole["optimizers"][1]["versus_first"]["losses"] == 1);
  CHECK(whole["conclusion"] == conclusion(runs));
}

TEST_CASE("apps.metrics.one_seed_has_no_deviation") {
  const std::vector<OptimizerRuns> runs = {{.optimizer = "a", .accuracies = {0.5}, .seconds = {1}}};
  const std::vector<std::uint64_t> seeds = {1};
  const json whole = json::parse(comparison_json("digits", {}, seeds, {}, runs));
  CHECK(whole["optimizers"][0]["deviation_test_accuracy"].is_null());
}

#include "apps/study/comparison/comparison_json.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

using namespace plastic::apps;
using nlohmann::json;

namespace {

const std::vector<std::uint64_t> seeds = {1, 2, 3};

SeedRun run(std::uint64_t seed, double accuracy, double seconds) {
  return {.seed = seed, .accuracy = accuracy, .seconds = seconds, .epochs = 10};
}

json as_json(const std::vector<OptimizerRuns>& rows) {
  const std::vector<Variant> variants = {{.name = "a", .optimizer = "sgd"},
                                         {.name = "b", .optimizer = "adam"}};
  const std::vector<OptimizerSettings> settings = {{{.name = "sgd"}}, {{.name = "adam"}}};
  RunOptions options;
  const bool has_part = !std::isnan(rows.front().runs.front().validation_accuracy);
  options.run.validation = has_part ? 0.1 : 0.0;
  return json::parse(comparison_json({.options = options,
                                      .seeds = seeds,
                                      .variants = std::span(variants).first(rows.size()),
                                      .settings = std::span(settings).first(rows.size()),
                                      .rows = rows}));
}

}  // namespace

TEST_CASE("apps.comparison_json.whole") {
  const std::vector<OptimizerRuns> rows = {
      {.name = "a",
       .label = "a (sgd)",
       .runs = {run(1, 0.80, 1), run(2, 0.81, 2), run(3, 0.82, 3)},
       .planned = 3},
      {.name = "b",
       .label = "b (adam)",
       .runs = {run(1, 0.79, 4), run(2, 0.83, 4), run(3, 0.82, 4)},
       .planned = 3},
  };
  const json whole = as_json(rows);
  CHECK(whole["data"] == "digits");
  CHECK(whole["batch_size"] == 128);
  CHECK(whole["precision"] == "f32");
  CHECK(whole["fraction"].dump() == "1.0");
  // Neither what no number depends on, nor what each row has of its own.
  for (const char* other : {"threads", "data_dir", "seed", "lr", "optimizer", "out"}) {
    CAPTURE(other);
    CHECK_FALSE(whole.contains(other));
  }
  CHECK(whole["seeds"] == json({1, 2, 3}));
  CHECK(whole["complete"] == true);
  CHECK(whole["settings"].size() == 2);
  const json& first = whole["optimizers"][0];
  CHECK(first["name"] == "a");
  CHECK(first["optimizer"] == "sgd");
  CHECK(first["label"] == "a (sgd)");
  CHECK(first["mean_seconds"] == 2.0);
  CHECK(first["test_accuracies"] == json({0.80, 0.81, 0.82}));
  CHECK_FALSE(first.contains("versus_first"));
  const json& versus = whole["optimizers"][1]["versus_first"];
  CHECK(versus["pairs"] == 3);
  CHECK(versus["wins"] == 1);
  CHECK(versus["ties"] == 1);
  CHECK(versus["losses"] == 1);
  CHECK(versus["interval_95"][0].get<double>() < versus["mean_difference"].get<double>());
  CHECK(versus["interval_95"][1].get<double>() > versus["mean_difference"].get<double>());
  // -0.01, 0.02 and 0: of four choices of signs, the rank sums 2 and 3 are the most even.
  CHECK(versus["p"] == 1.0);
  CHECK(versus["p_holm"] == 1.0);
  CHECK(whole["conclusion"] == conclusion(rows));
  CHECK_FALSE(whole.contains("validation"));
  CHECK(whole.dump().find("validation") == std::string::npos);
}

TEST_CASE("apps.comparison_json.validation") {
  std::vector<SeedRun> runs = {run(1, 0.5, 1), run(2, 0.75, 1), run(3, 0.25, 1)};
  for (SeedRun& one : runs) {
    one.validation_accuracy = one.accuracy / 2;
    one.chosen_accuracy = one.accuracy + 0.125;
  }
  const json whole = as_json({{.name = "a", .label = "a", .runs = runs, .planned = 3}});
  CHECK(whole["validation"] == 0.1);
  const json& row = whole["optimizers"][0];
  CHECK(row["validation_accuracies"] == json({0.25, 0.375, 0.125}));
  CHECK(row["mean_validation_accuracy"] == 0.25);
  CHECK(row["deviation_validation_accuracy"] == 0.125);
  CHECK(row["test_accuracies_of_best_validation"] == json({0.625, 0.875, 0.375}));
  CHECK(row["mean_test_accuracy_of_best_validation"] == 0.625);
  CHECK(row["runs"][1]["validation_accuracy"] == 0.375);
  CHECK(row["runs"][1]["test_accuracy_of_best_validation"] == 0.875);
}

TEST_CASE("apps.comparison_json.one_run_has_no_deviation") {
  const json whole = as_json({{.name = "a", .label = "a", .runs = {run(1, 0.5, 1)}, .planned = 3}});
  CHECK(whole["complete"] == false);
  CHECK(whole["optimizers"][0]["deviation_test_accuracy"].is_null());
  CHECK(whole["optimizers"][0]["test_accuracies"] == json({0.5, nullptr, nullptr}));
}

// In whatever order they were run.
TEST_CASE("apps.comparison_json.diverged") {
  SeedRun diverged = run(1, 0.3, 1);
  diverged.end = RunEnd::diverged;
  diverged.epochs = 2;
  const json whole = as_json({{.name = "a",
                               .label = "a",
                               .runs = {run(3, 0.7, 2), diverged, run(2, 0.5, 4)},
                               .planned = 3}});
  const json& row = whole["optimizers"][0];
  CHECK(whole["complete"] == true);
  CHECK(row["finished"] == 2);
  CHECK(row["diverged"] == 1);
  CHECK(row["mean_test_accuracy"].get<double>() == doctest::Approx(0.6));
  CHECK(row["mean_seconds"] == 3.0);
  CHECK(row["test_accuracies"] == json({nullptr, 0.5, 0.7}));
  CHECK(row["runs"][1]["end"] == "diverged");
  CHECK(row["runs"][1]["epochs"] == 2);
}

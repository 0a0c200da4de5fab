#include "apps/runs/metrics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "plastic/core/error.h"

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

TEST_CASE("apps.metrics.reads_what_it_wrote") {
  const EpochResult result{.epoch = 7,
                           .train_loss = 0.25,
                           .seconds = 2.0,
                           // JSON has no such number.
                           .images_per_second = INFINITY,
                           .diagnostics = {{"alpha_mean", 0.5}, {"alpha_std", NAN}}};
  const EpochResult again = parse_metrics_line(metrics_line(result));
  CHECK(again.epoch == 7);
  CHECK(again.train_loss == 0.25);
  REQUIRE(again.diagnostics.size() == 2);
  CHECK(again.diagnostics[0].second == 0.5);
  CHECK(std::isnan(again.diagnostics[1].second));
  // A NaN is null again, and so is what stood for infinity.
  CHECK(metrics_line(again) == metrics_line(result));
}

TEST_CASE("apps.metrics.refuses") {
  const std::string good = metrics_line({.epoch = 1});
  CHECK_NOTHROW(parse_metrics_line(good));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string line = good;
    line.replace(line.find(from), from.size(), to);
    return line;
  };
  for (const std::string& line :
       {with("\"epoch\":1", "\"epoch\":1e30"), with("\"epoch\":1", "\"epoch\":0"),
        with("\"epoch\":1", "\"epoch\":99999999999"), with("\"epoch\":1", "\"epoch\":\"1\""),
        with("\"seconds\":0.0", "\"seconds\":[]"), with("seconds", "second"), std::string("[1]"),
        std::string("1e999"), with("\"epoch\":1", "\"diagnostics\":3,\"epoch\":1"),
        std::string(100'000, '[') + std::string(100'000, ']')}) {
    CAPTURE(line.substr(0, 200));
    CHECK_THROWS_WITH_AS(parse_metrics_line(line), doctest::Contains("not a line of metrics"),
                         plastic::Error);
  }
}

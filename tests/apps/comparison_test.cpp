#include "apps/comparison.h"

#include <doctest/doctest.h>

using namespace plastic::apps;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// b is clearly ahead of a, c is not: its difference lies inside the deviation.
const std::vector<OptimizerRuns> three = {
    {.optimizer = "a", .accuracies = {0.80, 0.81, 0.82}, .seconds = {1, 2, 3}},
    {.optimizer = "b", .accuracies = {0.82, 0.83, 0.845}, .seconds = {2, 2, 2}},
    {.optimizer = "c", .accuracies = {0.79, 0.83, 0.82}, .seconds = {4, 4, 4}},
};

}  // namespace

TEST_CASE("apps.comparison.table") {
  const std::string table = comparison_table(three);
  CHECK(contains(table, "a             81.00 ± 1.00"));
  CHECK(contains(table, "+2.17 ± 0.29"));
  CHECK(contains(table, "3 of 3"));
  CHECK(contains(table, "+0.33 ± 1.53"));
  CHECK(contains(table, "1 of 3"));
}

TEST_CASE("apps.comparison.conclusion") {
  const std::string text = conclusion(three);
  CHECK(contains(text, "highest mean test accuracy is b's, 83.17%"));
  CHECK(contains(text, "b is ahead of a by 2.17 points in 3 of 3 seeds"));
  CHECK(contains(text, "c and a cannot be told apart"));
  CHECK(contains(text, "3 seeds are few"));
}

TEST_CASE("apps.comparison.first_is_ahead") {
  const std::vector<OptimizerRuns> runs = {three[1], three[0]};
  CHECK(contains(conclusion(runs), "b is ahead of a by 2.17 points in 3 of 3 seeds"));
}

TEST_CASE("apps.comparison.unanimous_but_inside_the_deviation") {
  const std::vector<OptimizerRuns> runs = {
      {.optimizer = "a", .accuracies = {0.5, 0.5, 0.5}, .seconds = {1, 1, 1}},
      {.optimizer = "b", .accuracies = {0.5001, 0.5001, 0.53}, .seconds = {1, 1, 1}},
  };
  CHECK(contains(conclusion(runs), "b and a cannot be told apart"));
}

TEST_CASE("apps.comparison.one_seed") {
  const std::vector<OptimizerRuns> runs = {
      {.optimizer = "a", .accuracies = {0.5}, .seconds = {1}},
      {.optimizer = "b", .accuracies = {0.6}, .seconds = {1}},
  };
  CHECK_FALSE(contains(comparison_table(runs), "nan"));
  CHECK(contains(conclusion(runs), "One seed says nothing about the spread"));
}

#include "apps/study/comparison/comparison.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;

namespace {

// One finished run per accuracy, of seeds from 1; NaN for one that diverged.
OptimizerRuns row(const std::string& name, const std::vector<double>& accuracies,
                  std::vector<double> seconds = {}) {
  OptimizerRuns row{.name = name, .label = name, .runs = {}, .planned = accuracies.size()};
  seconds.resize(accuracies.size(), 1.0);
  for (std::size_t i = 0; i < accuracies.size(); ++i) {
    const bool is_finished = !std::isnan(accuracies[i]);
    row.runs.push_back({.seed = i + 1,
                        .end = is_finished ? RunEnd::finished : RunEnd::diverged,
                        .accuracy = accuracies[i],
                        .seconds = seconds[i],
                        .epochs = 1});
  }
  return row;
}

const double diverged = std::numeric_limits<double>::quiet_NaN();

// b is ahead of a in every seed, c is not; three seeds can show neither.
const std::vector<OptimizerRuns> three = {row("a", {0.80, 0.81, 0.82}, {1, 2, 3}),
                                          row("b", {0.82, 0.83, 0.845}, {2, 2, 2}),
                                          row("c", {0.79, 0.83, 0.82}, {4, 4, 4})};

}  // namespace

TEST_CASE("apps.comparison.table") {
  const std::string table = comparison_table(three);
  CHECK(contains(table, "a             81.00 ± 1.00"));
  // Student's intervals: 2.1667 ∓ 4.3027 · 0.2887 / √3.
  CHECK(contains(table, "+2.17 [+1.45, +2.88]      3 of 3      0.500    "));
  CHECK(contains(table, "+0.33 [-3.46, +4.13]      1 of 3      1.000    "));
  CHECK_FALSE(contains(table, "diverged"));
  CHECK_FALSE(contains(table, "not finished"));
}

TEST_CASE("apps.comparison.conclusion") {
  const std::string text = conclusion(three);
  CHECK(contains(text, "Best mean test accuracy: b, 83.17%."));
  CHECK_FALSE(contains(text, "ahead"));
  CHECK(contains(text, "3 seeds cannot show a difference between a and b, c"));
  CHECK(contains(text, "It takes 7 seeds or more"));
}

// Both ways round, with the interval turned to face the winner.
TEST_CASE("apps.comparison.ahead_where_the_test_says_so") {
  std::vector<double> base, better;
  for (int i = 0; i < 8; ++i) {
    base.push_back(0.8 + 0.01 * (i % 3));
    better.push_back(base.back() + 0.02 + 0.001 * i);
  }
  std::vector<OptimizerRuns> runs = {row("a", base), row("b", better)};
  const std::string sentence = "b is ahead of a by 2.35 points in 8 of 8 seeds (95% interval 2.1";
  CHECK(contains(conclusion(runs), sentence));
  CHECK(contains(conclusion(runs), "p = 0.008)."));
  std::ranges::swap(runs[0], runs[1]);
  CHECK(contains(conclusion(runs), sentence));
  CHECK(contains(comparison_table(runs), "-2.35 [-2.5"));
}

TEST_CASE("apps.comparison.one_seed") {
  const std::vector<OptimizerRuns> runs = {row("a", {0.5}), row("b", {0.6})};
  CHECK_FALSE(contains(comparison_table(runs), "nan"));
  CHECK(contains(conclusion(runs), "One seed says nothing about the spread"));
}

// The mean is over the two that finished, the seeds won count the one that did not.
TEST_CASE("apps.comparison.diverged_in_one_seed") {
  const std::vector<OptimizerRuns> runs = {row("a", {0.80, 0.81, 0.82}, {1, 1, 1}),
                                           row("b", {0.82, diverged, 0.84}, {2, 9, 4})};
  const ComparisonCells cells = comparison_cells(runs)[1];
  CHECK(cells.accuracy == "83.00 ± 1.41");
  CHECK(cells.difference == "+2.00");
  CHECK(cells.wins == "2 of 3");
  CHECK(cells.seconds == "3.00");
  CHECK(cells.note == "diverged in 1 of 3 seeds");
  CHECK(contains(comparison_table(runs), "diverged in 1 of 3 seeds"));
  const std::string text = conclusion(runs);
  CHECK(contains(text, "accuracy: b, 83.00%"));
  CHECK(contains(text, "3 seeds cannot show a difference between a and b"));
  CHECK(contains(text, "Means leave out the runs that diverged: b diverged in 1 of 3 seeds."));
  const VersusFirst versus = versus_first(runs)[1];
  CHECK(versus.pairs == 2);
  CHECK(versus.losses == 1);
}

TEST_CASE("apps.comparison.diverged_in_all_seeds") {
  const std::vector<OptimizerRuns> runs = {row("a", {diverged, diverged}), row("b", {0.8, 0.9}),
                                           row("c", {diverged, diverged})};
  const std::vector<ComparisonCells> cells = comparison_cells(runs);
  CHECK(cells[0].accuracy == "diverged");
  CHECK(cells[0].seconds == "-");
  CHECK(cells[1].difference == "-");
  CHECK(cells[1].wins == "2 of 2");
  CHECK(cells[2].wins == "0 of 2");
  CHECK_FALSE(contains(comparison_table(runs), "nan"));
  const std::string text = conclusion(runs);
  CHECK(contains(text, "accuracy: b, 85.00%"));
  CHECK(contains(text, "c: equal to a in every seed."));
  CHECK(contains(text, "2 seeds cannot show a difference between a and b"));
  CHECK(contains(text, "a diverged in 2 of 2 seeds; c diverged in 2 of 2 seeds"));
  CHECK_FALSE(contains(text, "nan"));

  const std::vector<OptimizerRuns> none = {runs[0], runs[2]};
  CHECK(contains(conclusion(none), "No run has finished."));
  CHECK_FALSE(contains(comparison_table(none), "nan"));
}

TEST_CASE("apps.comparison.so_far") {
  std::vector<OptimizerRuns> runs = {row("a", {0.8, 0.9}), row("b", {0.7})};
  runs[0].planned = 3;
  runs[1].planned = 3;
  runs[1].runs.push_back({.seed = 2, .end = RunEnd::unfinished, .accuracy = 0.5, .epochs = 1});
  CHECK(comparison_cells(runs)[0].note == "not finished in 1 of 3 seeds");
  const ComparisonCells cells = comparison_cells(runs)[1];
  CHECK(cells.accuracy == "70.00");
  CHECK(cells.difference == "-10.00");
  CHECK(cells.wins == "0 of 1");
  CHECK(cells.note == "not finished in 2 of 3 seeds");
  const std::vector<OptimizerRuns> empty = {row("a", {}), row("b", {})};
  CHECK(comparison_cells(empty)[1].accuracy == "-");
  CHECK(contains(conclusion(empty), "No run has finished."));
}

// Runs are paired by seed, not by place; those of unknown seeds not at all.
TEST_CASE("apps.comparison.pairs_by_seed") {
  std::vector<OptimizerRuns> runs = {row("a", {0.5, 0.6}), row("b", {0.8, 0.9})};
  runs[1].runs[0].seed = 2;
  runs[1].runs[1].seed = 7;
  const VersusFirst versus = versus_first(runs)[1];
  CHECK(versus.pairs == 1);
  CHECK(versus.mean == doctest::Approx(0.2));
  runs[1].runs[0].seed.reset();
  runs[0].runs[1].seed.reset();
  CHECK(versus_first(runs)[1].seeds() == 0);
}

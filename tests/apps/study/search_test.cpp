#include "apps/study/search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "apps/cli/values.h"

using namespace plastic::apps;

namespace {

using Kind = SearchDimension::Kind;

SearchDimension dimension(Kind kind, double low, double high) {
  return {.option = find_option("lr"), .kind = kind, .low = low, .high = high};
}

std::vector<double> values(const SearchDimension& dimension, int count, std::uint64_t seed = 0) {
  std::vector<double> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(std::stod(draw_trial({dimension}, seed, i).front().second));
  }
  return all;
}

// The star discrepancy of `points` in [0, 1): the largest difference between the share of points
// below a bound and the bound.
double discrepancy(std::vector<double> points) {
  std::ranges::sort(points);
  const auto count = static_cast<double>(points.size());
  double worst = 0.0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto rank = static_cast<double>(i);
    worst = std::max({worst, (rank + 1.0) / count - points[i], points[i] - rank / count});
  }
  return worst;
}

}  // namespace

TEST_CASE("apps.study.search.stays_inside_its_bounds") {
  for (const double value : values(dimension(Kind::log, 1e-4, 1e-1), 500)) {
    CHECK((value >= 1e-4 && value <= 1e-1));
  }
  for (const double value : values(dimension(Kind::uniform, 0.25, 0.75), 500)) {
    CHECK((value >= 0.25 && value <= 0.75));
  }
  for (const Kind kind : {Kind::integer, Kind::integer_log}) {
    const std::vector<double> drawn = values(dimension(kind, 2, 6), 500);
    const std::set<double> all(drawn.begin(), drawn.end());
    CHECK(all == std::set<double>{2, 3, 4, 5, 6});
  }
}

TEST_CASE("apps.study.search.whole_numbers_look_like_it") {
  const SearchDimension whole = dimension(Kind::integer, 100000, 100002);
  std::set<std::string> texts;
  for (int i = 0; i < 20; ++i) texts.insert(draw_trial({whole}, 0, i).front().second);
  CHECK(texts == std::set<std::string>{"100000", "100001", "100002"});
}

TEST_CASE("apps.study.search.choices_come_equally_often") {
  SearchDimension choice{.option = find_option("weight-decay"), .choices = {"0", "0.01", "0.1"}};
  std::map<std::string, int> counts;
  for (int i = 0; i < 300; ++i) ++counts[draw_trial({choice}, 3, i).front().second];
  REQUIRE(counts.size() == 3);
  for (const auto& [value, count] : counts) CHECK(std::abs(count - 100) <= 3);
}

TEST_CASE("apps.study.search.numbers_are_short") {
  for (int i = 0; i < 50; ++i) {
    const std::string text = draw_trial({dimension(Kind::log, 1e-4, 1e-1)}, 0, i).front().second;
    CAPTURE(text);
    CHECK(text.size() <= 9);
    CHECK(exact(std::stod(text)) == text);
  }
}

TEST_CASE("apps.study.search.is_spread_evenly") {
  // Independent uniform numbers have a discrepancy of about 0.87 / sqrt(n) on average.
  for (int axis = 0; axis < 5; ++axis) {
    for (const std::uint64_t seed : {0, 1, 2}) {
      std::vector<double> points;
      for (int i = 0; i < 100; ++i) points.push_back(quasi_random(seed, i, axis));
      CAPTURE(axis);
      CHECK(discrepancy(points) < 0.07);
    }
  }
  // In two dimensions: 64 points leave few of 16 squares without the 4 that they would have.
  std::map<std::pair<int, int>, int> squares;
  for (int i = 0; i < 64; ++i) {
    ++squares[{static_cast<int>(4 * quasi_random(7, i, 0)),
               static_cast<int>(4 * quasi_random(7, i, 1))}];
  }
  CHECK(squares.size() == 16);
  for (const auto& [square, count] : squares) CHECK((count >= 2 && count <= 6));
}

TEST_CASE("apps.study.search.few_trials_try_many_values") {
  for (int axis = 0; axis < 3; ++axis) {
    for (const std::uint64_t seed : {0, 1, 2}) {
      std::vector<double> points = {0.0, 1.0};
      for (int i = 0; i < 12; ++i) points.push_back(quasi_random(seed, i, axis));
      std::ranges::sort(points);
      double widest = 0.0;
      for (std::size_t i = 1; i < points.size(); ++i) {
        widest = std::max(widest, points[i] - points[i - 1]);
      }
      CAPTURE(axis);
      CHECK(widest < 0.21);
    }
  }
}

TEST_CASE("apps.study.search.seeds_shift_it") {
  const SearchDimension lr = dimension(Kind::log, 1e-4, 1e-1);
  CHECK(values(lr, 5, 1) == values(lr, 5, 1));
  CHECK(values(lr, 5, 1) != values(lr, 5, 2));
  // More trials leave the first ones as they were.
  const std::vector<double> more = values(lr, 50);
  CHECK(values(lr, 5) == std::vector<double>(more.begin(), more.begin() + 5));
}

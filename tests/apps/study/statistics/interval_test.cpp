#include "apps/study/statistics/interval.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "apps/study/statistics/normal.h"
#include "plastic/core/error.h"
#include "plastic/core/random.h"

using namespace plastic::apps;

// scipy 1.17.1: scipy.stats.norm.ppf, norm.cdf, t.ppf(0.975, n).
TEST_CASE("apps.interval.quantiles") {
  CHECK(normal_quantile(0.975) == doctest::Approx(1.959963984540054).epsilon(1e-14));
  CHECK(normal_quantile(1e-10) == doctest::Approx(-6.361340902404056).epsilon(1e-13));
  CHECK(normal_quantile(0.3) == doctest::Approx(-0.5244005127080409).epsilon(1e-14));
  CHECK(normal_cdf(-8.0) == doctest::Approx(6.22096057427174e-16).epsilon(1e-12));
  CHECK(normal_cdf(0.3) == doctest::Approx(0.6179114221889526).epsilon(1e-14));
  CHECK_THROWS_AS(normal_quantile(0.0), plastic::Error);
  CHECK_THROWS_AS(normal_quantile(std::nan("")), plastic::Error);
  CHECK(student_quantile(1) == doctest::Approx(12.706204736174694).epsilon(1e-9));
  CHECK(student_quantile(6) == doctest::Approx(2.4469118511449786).epsilon(1e-4));
  CHECK(student_quantile(9) == doctest::Approx(2.262157162798205).epsilon(1e-5));
  CHECK(student_quantile(99) == doctest::Approx(1.9842169515864174).epsilon(1e-8));
  CHECK_THROWS_AS(student_quantile(0), plastic::Error);
}

// numpy: n = len(v); level = norm.cdf(-sqrt(n / (n - 1)) * t.ppf(0.975, n - 1));
// np.quantile(rng.choice(v, (2000000, n)).mean(1), [level, 1 - level]).
TEST_CASE("apps.interval.bootstrap_as_numpy") {
  const std::vector<double> even = {0.012, 0.004,  -0.003, 0.015, 0.009, 0.021,
                                    0.007, -0.001, 0.011,  0.016, 0.002, 0.008};
  const Interval narrow = mean_interval(even);
  CHECK(narrow.low == doctest::Approx(0.00391667).epsilon(0.05));
  CHECK(narrow.high == doctest::Approx(0.01291667).epsilon(0.02));
  // The plain percentiles 0.0046 and 0.0123 are narrower.
  CHECK(narrow.low < 0.0042);
  CHECK(narrow.high > 0.0126);
  const std::vector<double> skewed = {0.378, 0.099, 0.756, 1.028, 0.197,
                                      0.235, 3.516, 0.007, 1.367};
  const Interval wide = mean_interval(skewed);
  CHECK(wide.low == doctest::Approx(0.21966667).epsilon(0.03));
  CHECK(wide.high == doctest::Approx(1.83655556).epsilon(0.03));
}

TEST_CASE("apps.interval.same_for_any_order") {
  std::vector<double> values = {3, 1, 4, 1, 5, 9, 2, 6};
  const Interval given = mean_interval(values);
  std::ranges::sort(values);
  const Interval sorted = mean_interval(values);
  CHECK(given.low == sorted.low);
  CHECK(given.high == sorted.high);
}

// scipy.stats.t.interval(0.95, 3, loc=np.mean(v[:4]), scale=sem(v[:4])).
TEST_CASE("apps.interval.few_values") {
  const Interval four = mean_interval(std::vector<double>{0.012, 0.004, -0.003, 0.015});
  CHECK(four.low == doctest::Approx(-0.00592715800240833).epsilon(1e-8));
  CHECK(four.high == doctest::Approx(0.01992715800240833).epsilon(1e-8));
  CHECK_FALSE(mean_interval(std::vector<double>{1}).is_known());
  // Student's would be 0.5 ± 6.35 for an accuracy of a half.
  CHECK_FALSE(mean_interval(std::vector<double>{0, 1}).is_known());
  CHECK(mean_interval(std::vector<double>{0, 0.5, 1}).is_known());
  CHECK_FALSE(mean_interval({}).is_known());
  const Interval same = mean_interval(std::vector<double>{2, 2, 2, 2, 2, 2, 2});
  CHECK(same.low == 2.0);
  CHECK(same.high == 2.0);
}

// How often the interval holds the mean of a normal distribution: 95 times in 100, where the plain
// percentiles do 89 times with 8 values.
TEST_CASE("apps.interval.within") {
  // 0.94 ± 0.13.
  const std::vector<double> accuracies = {0.99, 0.88, 0.95};
  const Interval all = mean_interval(accuracies);
  CHECK(all.high > 1.0);
  const Interval possible = within(all, 0.0, 1.0);
  CHECK(possible.low == all.low);
  CHECK(possible.high == 1.0);
  CHECK_FALSE(within({}, 0.0, 1.0).is_known());
}

TEST_CASE("apps.interval.coverage") {
  plastic::Generator generator{.seed = 5};
  const auto normal = [&generator] {
    return normal_quantile((static_cast<double>(generator.next_u32()) + 0.5) * 0x1.0p-32);
  };
  for (const int size : {3, 8}) {
    CAPTURE(size);
    int held = 0;
    constexpr int samples = 200;
    for (int sample = 0; sample < samples; ++sample) {
      std::vector<double> values;
      for (int i = 0; i < size; ++i) values.push_back(normal());
      const Interval interval = mean_interval(values);
      if (interval.low <= 0.0 && interval.high >= 0.0) ++held;
    }
    // Three deviations around 190, and one point for what 8 values lack.
    CHECK(held >= 179);
    CHECK(held <= 199);
  }
}

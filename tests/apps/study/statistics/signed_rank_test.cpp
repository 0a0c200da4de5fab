// Values of p are those of scipy 1.17.1's scipy.stats.wilcoxon(d, zero_method="pratt", ...):
// method=PermutationMethod(n_resamples=np.inf) for the exact ones, which is method="exact" where
// there are neither ties nor zeros, and method="asymptotic", correction=True for the normal one.
#include "apps/study/statistics/signed_rank.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "plastic/core/error.h"

using namespace plastic::apps;

namespace {

SignedRankTest test_of(const std::vector<double>& differences) {
  return signed_rank_test(differences);
}

}  // namespace

TEST_CASE("apps.signed_rank.exact") {
  const SignedRankTest plain = test_of({1.5, -0.4, 2.1, 0.9, 3.2, -1.1, 0.2, 2.6});
  CHECK(plain.above == 30.0);
  CHECK(plain.below == 6.0);
  CHECK(plain.p == doctest::Approx(0.109375).epsilon(1e-12));
  const SignedRankTest ties = test_of({1, 1, -1, 2, 2, 3, -3, 4});
  CHECK(ties.below == 8.5);
  CHECK(ties.p == doctest::Approx(0.2421875).epsilon(1e-12));
  const SignedRankTest zeros = test_of({0, 0, 0, 1, 2, -1, 3, 3});
  CHECK(zeros.below == 4.5);
  CHECK(zeros.p == doctest::Approx(0.1875).epsilon(1e-12));
  const SignedRankTest both = test_of({15, -7, 5, 20, 0, -9, 17, -12, 5, -10});
  CHECK(both.below == 22.0);
  CHECK(both.p == doctest::Approx(0.64453125).epsilon(1e-12));
}

TEST_CASE("apps.signed_rank.normal_beyond_fifty") {
  const SignedRankTest test = test_of(
      {2.3,  -2.3, 0.7, -0.3, -0.2, 0.0, -1.8, 0.0, -0.6, 3.6,  0.5,  -0.1, 0.0,  -0.4, -0.8,
       -0.1, 0.7,  0.0, 1.2,  0.1,  0.3, 1.8,  0.8, -0.3, 0.1,  0.8,  2.2,  0.0,  0.0,  1.3,
       -0.6, 0.0,  1.1, 0.8,  0.3,  0.9, -2.6, 1.3, -0.7, -1.4, 0.5,  1.0,  -0.2, -0.8, 0.3,
       0.2,  1.7,  1.0, 0.4,  1.4,  0.0, -0.7, 0.8, 0.8,  0.0,  -0.5, 0.5,  -2.2, 0.9,  0.7});
  CHECK(test.below == 612.0);
  CHECK(test.p == doctest::Approx(0.038814659871373815).epsilon(1e-12));
}

// Where subtraction rounds, differences that are equal in decimals are not equal in binary.
TEST_CASE("apps.signed_rank.rounding_breaks_no_tie") {
  const std::vector<double> rounded = {0.3 - 0.2, 0.2 - 0.1, 0.5 - 0.6, 0.9 - 0.7};
  CHECK(rounded[0] != rounded[1]);
  const SignedRankTest test = signed_rank_test(rounded);
  CHECK(test.below == 2.0);
  CHECK(test.p == test_of({1, 1, -1, 2}).p);
}

TEST_CASE("apps.signed_rank.infinite_differences_are_the_largest") {
  const double infinite = std::numeric_limits<double>::infinity();
  const SignedRankTest test = test_of({0.1, 0.2, -infinite, infinite, 0.3});
  CHECK(test.below == 4.5);
  CHECK(test.above == 10.5);
  CHECK(test_of({infinite, infinite}).p == 0.5);
}

TEST_CASE("apps.signed_rank.nothing_to_test") {
  CHECK(test_of({}).p == 1.0);
  CHECK(test_of({0, 0, 0}).p == 1.0);
  CHECK_THROWS_AS(test_of({1, std::numeric_limits<double>::quiet_NaN()}), plastic::Error);
}

TEST_CASE("apps.signed_rank.what_so_few_can_show") {
  CHECK(least_p(3) == 0.25);
  CHECK(test_of({1, 2, 3}).p == 0.25);
  CHECK(test_of({1, 2, 3, 4, 5, 6}).p == least_p(6));
  CHECK(least_p(0) == 1.0);
  CHECK(least_pairs(0.05, 1) == 6);
  CHECK(least_pairs(0.05, 3) == 7);
  CHECK(least_pairs(0.05, 40) == 11);
  CHECK_THROWS_AS(least_pairs(0.0, 1), plastic::Error);
}

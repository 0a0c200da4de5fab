#include "apps/study/comparison/versus.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "apps/study/comparison/verdict.h"
#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;

namespace {

const double diverged = std::numeric_limits<double>::quiet_NaN();

// Finished runs of seeds from 1; NaN for one that diverged.
std::vector<SeedRun> runs(const std::vector<double>& accuracies) {
  std::vector<SeedRun> all;
  for (std::size_t i = 0; i < accuracies.size(); ++i) {
    const RunEnd end = std::isnan(accuracies[i]) ? RunEnd::diverged : RunEnd::finished;
    all.push_back({.seed = i + 1, .end = end, .accuracy = accuracies[i], .epochs = 1});
  }
  return all;
}

// Test accuracies of 20 seeds of which a plain comparison of mean and deviation said that nothing
// could be told: the second is ahead in 17.
const std::vector<double> slower = {0.810, 0.812, 0.805, 0.820, 0.801, 0.815, 0.808,
                                    0.811, 0.799, 0.818, 0.806, 0.813, 0.809, 0.804,
                                    0.816, 0.802, 0.807, 0.814, 0.803, 0.817};
const std::vector<double> faster = {0.8205, 0.8350, 0.8000, 0.8251, 0.8102, 0.8450, 0.8190,
                                    0.8181, 0.8100, 0.8340, 0.8050, 0.8241, 0.8190, 0.8220,
                                    0.8263, 0.8200, 0.8170, 0.8100, 0.8240, 0.8280};

}  // namespace

TEST_CASE("apps.versus.deviation_is_not_the_error_of_the_mean") {
  const VersusFirst versus = versus_first(runs(slower), runs(faster));
  CHECK(versus.pairs == 20);
  CHECK(versus.wins == 17);
  CHECK(versus.losses == 3);
  CHECK(versus.mean < 1.3 * versus.deviation);
  CHECK(versus.p < 0.001);
  CHECK(versus.interval.low > 0.0);
  CHECK(standing(versus) == Standing::ahead);
  CHECK(standing(versus_first(runs(faster), runs(slower))) == Standing::behind);
  const std::vector<NamedVersus> rows = {{"fast", versus}};
  CHECK(contains(verdicts("slow", rows), " fast is ahead of slow by "));
  CHECK(contains(verdicts("slow", rows), "points in 17 of 20 seeds (95% interval 0."));
  CHECK(contains(verdicts("slow", rows), ", p < 0.001)."));
}

TEST_CASE("apps.versus.divergence_counts") {
  std::vector<double> broken(20, diverged);
  const VersusFirst never = versus_first(runs(slower), runs(broken));
  CHECK(never.pairs == 0);
  CHECK(never.losses == 20);
  CHECK(standing(never) == Standing::behind);
  const std::vector<NamedVersus> rows = {{"b", never}};
  CHECK(verdicts("a", rows) == " a is ahead of b, which diverged in 20 of 20 seeds (p < 0.001).");
  // Ahead in every seed but those in which it diverged, most of them: the mean and the test
  // disagree.
  std::vector<double> torn(20, diverged);
  for (std::size_t i = 0; i < 4; ++i) torn[i] = slower[i] + 0.1;
  const VersusFirst versus = versus_first(runs(slower), runs(torn));
  CHECK(versus.mean == doctest::Approx(0.1));
  CHECK(versus.p < 0.05);
  CHECK(standing(versus) == Standing::unclear);
  const std::vector<NamedVersus> torn_rows = {{"b", versus}};
  CHECK(verdicts("a", torn_rows) ==
        " b is behind a in 16 of 20 seeds (p < 0.001), yet 10.00 points above it on average where "
        "both finished: neither counts as ahead.");
  CHECK(versus_first(runs(broken), runs(broken)).ties == 20);
}

TEST_CASE("apps.versus.holm_over_those_looked_at_together") {
  VersusFirst a{.pairs = 20, .mean = 0.1, .wins = 20, .p = 0.03, .adjusted_p = 0.03};
  a.rank_balance = 1.0;
  VersusFirst b = a;
  b.p = 0.04;
  CHECK(standing(a) == Standing::ahead);
  VersusFirst untested;
  const std::vector<VersusFirst*> all = {&a, &untested, &b};
  adjust_together(all);
  CHECK(a.adjusted_p == doctest::Approx(0.06));
  CHECK(b.adjusted_p == doctest::Approx(0.06));
  CHECK(a.tests == 2);
  CHECK(standing(a) == Standing::unclear);
  CHECK(standing(untested) == Standing::unknown);
}

TEST_CASE("apps.versus.what_so_few_seeds_cannot_show") {
  VersusFirst three = versus_first(runs({0.5, 0.5, 0.5}), runs({0.6, 0.61, 0.62}));
  CHECK(standing(three) == Standing::unclear);
  CHECK_FALSE(can_show(three));
  VersusFirst other = three;
  const std::vector<VersusFirst*> both = {&three, &other};
  adjust_together(both);
  const std::vector<NamedVersus> rows = {{"b", three}, {"c", other}};
  CHECK(
      verdicts("a", rows) ==
      " 3 seeds cannot show a difference between a and b, c, whatever they give: the smallest p "
      "of Wilcoxon's test with 3 pairs is 0.250, 0.500 after Holm's correction for 2 comparisons. "
      "It takes 7 seeds or more to get below 0.05.");
}

// Seven seeds, of four comparisons: too few if all have seven, enough beside three with eight.
TEST_CASE("apps.versus.what_can_be_shown_depends_on_the_others") {
  std::vector<VersusFirst> rows(4, {.losses = 7, .p = 0.5});
  std::vector<VersusFirst*> all;
  for (VersusFirst& row : rows) all.push_back(&row);
  adjust_together(all);
  CHECK(rows[0].least_adjusted_p == 4.0 / 64);
  CHECK_FALSE(can_show(rows[0]));
  for (std::size_t i = 1; i < rows.size(); ++i) rows[i].losses = 8;
  adjust_together(all);
  CHECK(rows[0].least_adjusted_p == 4.0 / 128);
  CHECK(can_show(rows[0]));
}

TEST_CASE("apps.versus.what_would_have_shown") {
  std::vector<double> near = slower;
  for (std::size_t i = 0; i < near.size(); ++i) near[i] += i % 2 == 0 ? 0.004 : -0.0032;
  const VersusFirst versus = versus_first(runs(slower), runs(near));
  CHECK(standing(versus) == Standing::unclear);
  CHECK(can_show(versus));
  // (1.96 + 0.84) * deviation / sqrt(20 * 3 / pi)
  CHECK(detectable_difference(versus) ==
        doctest::Approx(2.801585 * versus.deviation / std::sqrt(20 * 0.9549297)).epsilon(1e-6));
  const std::vector<NamedVersus> rows = {{"b", versus}};
  const std::string text = verdicts("a", rows);
  CHECK(contains(text, " No difference to a is shown for b (+0.04 points, 95% interval -0."));
  CHECK(contains(text, "points would have shown four times in five)."));
}

TEST_CASE("apps.versus.p_as_text") {
  CHECK(p_text(0.25) == "0.250");
  CHECK(p_text(0.00099) == "< 0.001");
  CHECK(p_text(1.0) == "1.000");
  // Rounded to 0.050 it would seem to be on the other side.
  CHECK(p_text(0.0498) == "0.0498");
  CHECK(p_text(0.04999) == "0.04999");
  CHECK(p_text(std::nan("")) == "-");
}

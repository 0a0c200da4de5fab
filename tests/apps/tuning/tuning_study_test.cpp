#include "apps/tuning/tuning_study.h"

#include <doctest/doctest.h>

#include <string>

#include "apps/cli/values.h"
#include "apps/study/study_plan.h"
#include "apps/tuning/search_spaces.h"

using namespace plastic::apps;

namespace {

TuningRequest request_of(const std::string& optimizer) {
  return {.optimizer = optimizer,
          .given = {{find_option("data"), "shapes"},
                    {find_option("hidden"), "64,32"},
                    {find_option("drop-last"), "true"},
                    {find_option("np.mode"), "rule_based"}},
          .space = default_search_space(optimizer),
          .trials = 3,
          .tuning_seeds = {7},
          .seeds = {1, 2},
          .goal = TuningGoal::loss};
}

}  // namespace

TEST_CASE("apps.tuning_study.is_a_study") {
  const StudyPlan plan(parse_study_file("tune", tuning_study_text(request_of("neuroplastic"))));
  REQUIRE(plan.variants().size() == 1);
  CHECK(plan.tuning_count() == 3);
  CHECK(plan.runs().size() == 5);
  CHECK(plan.file().tuning.goal == TuningGoal::loss);
  const RunOptions options = plan.options(plan.runs().front(), plan.trial(0, 0));
  CHECK(options.data == "shapes");
  CHECK(options.run.hidden == std::vector<std::int64_t>{64, 32});
  CHECK(options.run.drop_last);
  CHECK(options.run.seed == 7);
  // Settings are never chosen on the test set.
  CHECK(options.run.validation == 0.2);
  CHECK(options.run.optimizer.lr >= 1e-2);
  CHECK(options.run.optimizer.lr <= 1);
}

TEST_CASE("apps.tuning_study.given_and_searched") {
  TuningRequest request = request_of("neuroplastic");
  request.given.emplace_back(find_option("lr"), "0.1");
  CHECK_THROWS_WITH_AS(tuning_study_text(request), doctest::Contains("--lr is given, too"),
                       UsageError);
}

TEST_CASE("apps.tuning_study.commands") {
  const TuningRequest request = request_of("neuroplastic");
  CHECK(train_command("neuroplastic", request.given, {{"lr", "0.05"}}) ==
        "plastic train --data shapes --hidden '64,32' --drop-last --np.mode rule_based --optimizer "
        "neuroplastic --lr 0.05");
  CHECK(tune_command({.optimizer = "adam", .space = default_search_space("adam")}, "--out a") ==
        "plastic tune --optimizer adam --trials 20 --search 'lr=log:1e-04:0.1' --out a");
  CHECK(doctest::String(tune_command(request).c_str()) ==
        doctest::Contains("--trials 3 --search 'lr=log:0.01:1' --search "
                          "'np.plasticity-scale=uniform:0:3' --tuning-seeds 7 --seeds 1,2 "
                          "--select loss"));
}

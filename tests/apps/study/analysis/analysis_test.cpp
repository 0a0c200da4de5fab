#include "apps/study/analysis/analysis.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/study/statistics/statistics.h"
#include "tests/apps/study/constructed_study.h"
#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;
using nlohmann::json;

namespace {

const StudyAnalysis& analysis() {
  static const StudyAnalysis made = analyse(constructed_study(), {.title = "Constructed"});
  return made;
}

const VariantAnalysis& variant(std::size_t task, const std::string& name) {
  const auto& variants = analysis().tasks.at(task).variants;
  return *std::ranges::find(variants, name, &VariantAnalysis::variant);
}

}  // namespace

TEST_CASE("apps.analysis.tasks_and_variants") {
  REQUIRE(analysis().tasks.size() == 2);
  CHECK(analysis().tasks[0].task == "digits 1");
  // The first run of all is adam's.
  CHECK(analysis().reference == "adam");
  CHECK(analysis().tests == 4);
  const StudyAnalysis other = analyse(constructed_study(), {.reference = "sgd"});
  CHECK(other.reference == "sgd");
  CHECK(other.tasks[0].variants.front().variant == "sgd");
  CHECK_FALSE(other.tasks[0].variants.front().versus_reference.has_value());
  CHECK(contains(error_of([] { analyse(constructed_study(), {.reference = "tiger"}); }),
                 "[study] no run is of the reference tiger, only of adam, sgd, wild"));
}

TEST_CASE("apps.analysis.numbers_of_a_variant") {
  const VariantAnalysis& sgd = variant(0, "sgd");
  CHECK(sgd.runs == 8);
  CHECK(sgd.finished == 8);
  std::vector<double> finals, at_best;
  for (int seed = 101; seed <= 108; ++seed) {
    const double accuracy = 0.80 + 0.01 * std::sin(3.0 * seed);
    finals.push_back(accuracy);
    at_best.push_back(accuracy * (1.0 - 0.4 / 8 + 0.4 / 16));
  }
  CHECK(sgd.final_accuracy.mean == doctest::Approx(mean(finals)));
  CHECK(sgd.final_accuracy.deviation == doctest::Approx(sample_deviation(finals)));
  CHECK(sgd.final_accuracy.interval.low < sgd.final_accuracy.mean);
  // Validation was best one epoch before the end, the test set at the end.
  CHECK(sgd.best_accuracy.mean == doctest::Approx(mean(at_best)));
  CHECK(sgd.final_loss.mean == doctest::Approx(2.0 - 2.0 * mean(finals)));
  CHECK(sgd.seconds.mean == doctest::Approx(2.5));
  CHECK(sgd.accuracy_by_epoch.size() == 4);
  CHECK(variant(0, "adam").tuned.front().second == "0.00316228");
}

TEST_CASE("apps.analysis.without_validation_nothing_is_chosen") {
  std::vector<StudyRun> runs = constructed_study();
  for (StudyRun& run : runs) run.validation_accuracy.clear();
  std::erase_if(runs, [](const StudyRun& run) { return run.phase == StudyPhase::tuning; });
  const StudyAnalysis none = analyse(runs, {});
  CHECK_FALSE(none.tasks[0].has_validation);
  CHECK(none.tasks[0].variants[0].best_accuracy.values.empty());
  CHECK_FALSE(contains(study_table(none), "by validation"));
}

TEST_CASE("apps.analysis.differences_and_words") {
  const VersusFirst& sgd = *variant(0, "sgd").versus_reference;
  CHECK(sgd.losses == 8);
  // 8 of 8: 2 / 2^8, times the four comparisons of the study for the smallest of them.
  CHECK(sgd.p == 0.0078125);
  CHECK(sgd.adjusted_p == doctest::Approx(4 * 0.0078125));
  CHECK(standing(sgd) == Standing::behind);
  const std::string& words = analysis().tasks[0].conclusion;
  CHECK(words.starts_with("Best mean test accuracy: adam, 8"));
  CHECK(contains(words, "adam is ahead of sgd by "));
  CHECK(contains(words, "points in 8 of 8 seeds (95% interval 1."));
  CHECK(contains(analysis().conclusion, "sgd is behind adam in 2 tasks"));
  CHECK(contains(analysis().conclusion, "after Holm's correction over 4 comparisons."));
}

TEST_CASE("apps.analysis.lost_runs_are_counted_and_named") {
  const VariantAnalysis& wild = variant(1, "wild");
  CHECK(wild.runs == 8);
  CHECK(wild.finished == 6);
  CHECK(wild.diverged == 1);
  CHECK(wild.failed == 1);
  // The divergence counts as a loss, the failure says nothing of the optimizer.
  CHECK(wild.versus_reference->pairs == 6);
  CHECK(wild.versus_reference->seeds() == 7);
  REQUIRE(analysis().tasks[1].lost.size() == 3);
  CHECK(analysis().tasks[1].lost[0].phase == StudyPhase::tuning);
  CHECK(analysis().tasks[1].lost[0].trial == 8);
  const std::string table = study_table(analysis());
  CHECK(contains(table, {"diverged in 1 of 8 seeds, failed in 1 of 8 seeds",
                         "Lost runs:", "adam, trial 8, seed 1: diverged: the loss is not a number",
                         "wild, seed 104: failed: no memory for <that>"}));
  CHECK(contains(analysis().tasks[1].conclusion,
                 "Means leave out what was lost: wild diverged in 1 of 8 seeds, failed in 1 of 8"));
  CHECK_FALSE(contains(table, "nan"));
}

TEST_CASE("apps.analysis.targets") {
  // The lower median of adam's own final accuracies.
  const TaskAnalysis& own = analysis().tasks[0];
  REQUIRE(own.targets.size() == 1);
  CHECK(own.has_own_target);
  CHECK(variant(0, "adam").to_target[0].reached == 5);
  CHECK(variant(0, "adam").to_target[0].median_steps == 400);
  const StudyAnalysis given =
      analyse(constructed_study(), {.targets = {{"digits 1", {0.5, 0.7, 0.99}}}});
  const auto& to_target = given.tasks[0].variants[0].to_target;
  REQUIRE(to_target.size() == 3);
  CHECK(to_target[0].median_steps == 100);
  CHECK(to_target[1].median_steps == 200);
  CHECK(to_target[1].median_seconds == 0.75);
  CHECK(to_target[2].reached == 0);
  CHECK(given.tasks[1].has_own_target);
}

TEST_CASE("apps.analysis.tuning") {
  REQUIRE(analysis().tasks[1].tuning.size() == 1);
  const TuningAnalysis& tuning = analysis().tasks[1].tuning[0];
  CHECK(tuning.variant == "adam");
  CHECK(tuning.trials == 9);
  CHECK(tuning.lost == 1);
  REQUIRE(tuning.by_budget.size() == 9);
  CHECK(tuning.by_budget[8].mean == doctest::Approx(0.8));
  CHECK(tuning.by_budget[0].mean < tuning.by_budget[1].mean);
  REQUIRE(tuning.sensitivity.size() == 2);
  CHECK(tuning.sensitivity[0].option == "lr");
  CHECK(tuning.sensitivity[0].is_logarithmic);
  CHECK_FALSE(tuning.sensitivity[1].is_number);
  // Two seeds of each trial count as one trial.
  std::vector<StudyRun> runs = constructed_study();
  const std::size_t count = runs.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (runs[i].phase != StudyPhase::tuning) continue;
    runs.push_back(runs[i]);
    runs.back().seed = 2;
  }
  CHECK(analyse(runs, {}).tasks[1].tuning[0].trials == 9);
  CHECK(analyse(runs, {}).tasks[1].tuning[0].by_budget[8].mean == doctest::Approx(0.8));
}

TEST_CASE("apps.analysis.an_own_target_is_reached_by_more_than_half_of_all_runs") {
  std::vector<StudyRun> runs = constructed_study();
  int lost = 0;
  for (StudyRun& run : runs) {
    const bool is_first = run.variant == "sgd" && run.phase == StudyPhase::verdict;
    if (!is_first || run.task != "digits 1" || lost == 3) continue;
    run.end = RunEnd::diverged;
    run.test_accuracy.clear();
    ++lost;
  }
  const StudyAnalysis made = analyse(runs, {.reference = "sgd"});
  const TaskAnalysis& task = made.tasks.front();
  REQUIRE(task.has_own_target);
  CHECK(task.variants.front().to_target.front().reached == 5);
}

TEST_CASE("apps.analysis.what_the_search_leaves_open_is_said") {
  std::vector<StudyRun> runs = constructed_study();
  CHECK(contains(analysis().tasks[0].conclusion, "how lucky it was is not in them"));
  CHECK_FALSE(contains(analysis().tasks[0].conclusion, "at the edge of what was tried for lr"));
  for (StudyRun& run : runs) {
    if (run.phase != StudyPhase::tuning || run.validation_accuracy.empty()) continue;
    const double lr = std::stod(run.tuned.front().second);
    run.validation_accuracy.back() = 0.9 - 0.01 * std::log10(lr / 1e-9);
  }
  const StudyAnalysis made = analyse(runs, {});
  CHECK(contains(made.tasks[0].conclusion, "at the edge of what was tried for lr"));
}

TEST_CASE("apps.analysis.profiles") {
  REQUIRE(analysis().error_profile.size() == 3);
  CHECK(analysis().error_profile[0].solver == "adam");
  CHECK(analysis().error_profile[0].score == doctest::Approx(1.0));
  CHECK(analysis().error_profile[1].score < 1.0);
  std::vector<StudyRun> one = constructed_study();
  std::erase_if(one, [](const StudyRun& run) { return run.task != "digits 1"; });
  CHECK(analyse(one, {}).error_profile.empty());
  CHECK(analyse(one, {}).conclusion == analyse(one, {}).tasks[0].conclusion);
}

TEST_CASE("apps.analysis.json") {
  const std::string text = study_json(analysis());
  // However the runs of one variant come, and whatever their times were.
  std::vector<StudyRun> shuffled = constructed_study();
  std::ranges::stable_sort(shuffled, std::greater<>(), &StudyRun::seed);
  std::ranges::stable_sort(shuffled, {}, [](const StudyRun& run) {
    return run.variant == "adam" ? 0 : (run.variant == "sgd" ? 1 : 2);
  });
  for (StudyRun& run : shuffled) {
    for (double& seconds : run.seconds) seconds *= 3.0;
  }
  const json summary = json::parse(text);
  CHECK(
      summary["tasks"][0]["variants"] ==
      json::parse(study_json(analyse(shuffled, {.title = "Constructed"})))["tasks"][0]["variants"]);
  CHECK(text == study_json(analyse(constructed_study(), {.title = "Constructed"})));
  CHECK_FALSE(contains(text, "seconds"));
  const json& sgd = summary["tasks"][0]["variants"][1];
  CHECK(sgd["variant"] == "sgd");
  CHECK(sgd["versus_reference"]["verdict"] == "behind");
  CHECK(sgd["final_test_accuracy"]["interval_95"].size() == 2);
  CHECK(summary["tasks"][1]["lost"][2]["message"] == "no memory for <that>");
  CHECK(summary["tasks"][0]["tuning"][0]["expected_test_accuracy"].size() == 9);
  const json times = json::parse(study_times_json(analysis()));
  CHECK(times["tasks"][0]["variants"][0]["seconds_per_run"]["mean"] == 2.5);
}

TEST_CASE("apps.analysis.runs_that_cannot_be") {
  std::vector<StudyRun> runs = constructed_study();
  runs.push_back(runs.back());
  CHECK(contains(error_of([&] { analyse(runs, {}); }),
                 "[study] two runs are wild on digits 0.1 with seed 108"));
  CHECK(analyse({}, {}).conclusion == "No run has ended.");
  CHECK_FALSE(study_page(analyse({}, {})).empty());
}

#include "apps/study/study_plan.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "apps/cli/values.h"
#include "apps/study/study_run_json.h"

using namespace plastic::apps;

namespace {

StudyPlan plan_of(const std::string& text) { return StudyPlan(parse_study_file("a.toml", text)); }

std::vector<std::string> names(const StudyPlan& plan) {
  std::vector<std::string> all;
  for (const PlannedRun& run : plan.runs()) {
    all.push_back(name_of(plan.describe(run, plan.trial(run.variant, run.trial))));
  }
  return all;
}

std::string value(const Settings& settings, const std::string& name) {
  const auto found = std::ranges::find(settings, name, &Settings::value_type::first);
  return found == settings.end() ? "absent" : found->second;
}

}  // namespace

TEST_CASE("apps.study.plan.order") {
  const StudyPlan plan = plan_of(
      "data = 'digits'\nfraction = [0.1, 0.2]\nvalidation = 0.2\noptimizers = ['sgd', 'adam']\n"
      "seeds = [1, 2]\n[tuning]\ntrials = 2\nseeds = [8]\n[search.sgd]\nlr = { log = [0.01, 1] "
      "}\n");
  CHECK(names(plan) == std::vector<std::string>{
                           "trial 0 of sgd on digits mlp, fraction 0.1, seed 8",
                           "trial 1 of sgd on digits mlp, fraction 0.1, seed 8",
                           "trial 0 of sgd on digits mlp, fraction 0.2, seed 8",
                           "trial 1 of sgd on digits mlp, fraction 0.2, seed 8",
                           "sgd on digits mlp, fraction 0.1, seed 1",
                           "adam on digits mlp, fraction 0.1, seed 1",
                           "sgd on digits mlp, fraction 0.1, seed 2",
                           "adam on digits mlp, fraction 0.1, seed 2",
                           "sgd on digits mlp, fraction 0.2, seed 1",
                           "adam on digits mlp, fraction 0.2, seed 1",
                           "sgd on digits mlp, fraction 0.2, seed 2",
                           "adam on digits mlp, fraction 0.2, seed 2",
                       });
  CHECK(plan.tuning_count() == 4);
}

TEST_CASE("apps.study.plan.grids_of_options_of_optimizers_are_variants") {
  const StudyPlan plan = plan_of(
      "optimizers = ['sgd', 'adam']\nseeds = [1]\nlr = [0.1, 0.2]\n[variant.sgd]\nmomentum = [0, "
      "0.9]\n[variant.adam]\nlr = 0.001\n");
  std::vector<std::string> all;
  for (const StudyVariant& one : plan.variants()) all.push_back(one.name);
  CHECK(all == std::vector<std::string>{"sgd lr=0.1 momentum=0", "sgd lr=0.1 momentum=0.9",
                                        "sgd lr=0.2 momentum=0", "sgd lr=0.2 momentum=0.9",
                                        "adam"});
  const StudyRun run = plan.describe(plan.runs()[3], {});
  CHECK(value(run.settings, "lr") == "0.2");
  CHECK(value(run.settings, "momentum") == "0.9");
  CHECK(value(plan.describe(plan.runs()[4], {}).settings, "lr") == "0.001");
}

TEST_CASE("apps.study.plan.tasks_have_options_of_their_own") {
  const StudyPlan plan = plan_of(
      "optimizers = ['sgd']\nseeds = [1]\nepochs = 4\n[task.a]\ndata = 'digits'\nfraction = [0.1, "
      "0.2]\n[task.b]\ndata = 'shapes'\nmodel = 'small_cnn'\nepochs = 2\ntargets = 0.5\n");
  REQUIRE(plan.tasks().size() == 3);
  CHECK(plan.tasks()[0].name == "a, fraction 0.1");
  CHECK(plan.tasks()[1].name == "a, fraction 0.2");
  CHECK(plan.tasks()[2].name == "b");
  CHECK(plan.tasks()[2].targets == std::vector<double>{0.5});
  CHECK(plan.options(plan.runs()[0], {}).run.epochs == 4);
  CHECK(plan.options(plan.runs()[2], {}).run.epochs == 2);
  CHECK(value(plan.describe(plan.runs()[2], {}).conditions, "model") == "small_cnn");
}

TEST_CASE("apps.study.plan.what_variants_differ_in_is_a_setting") {
  const StudyPlan plan =
      plan_of("optimizers = ['sgd', 'adam']\nseeds = [1]\n[variant.adam]\nschedule = 'cosine'\n");
  for (const std::size_t run : {0, 1}) {
    const StudyRun known = plan.describe(plan.runs()[run], {});
    CHECK(value(known.conditions, "schedule") == "absent");
    CHECK(value(known.settings, "schedule") == (run == 0 ? "constant" : "cosine"));
    CHECK(value(known.conditions, "batch-size") == "128");
  }
}

TEST_CASE("apps.study.plan.settings_are_those_of_train") {
  const StudyPlan plan = plan_of(
      "data = 'cifar-10'\nmodel = 'resnet18'\npaper = true\noptimizers = ['neuroplastic', "
      "'grad-only']\nseeds = [7]\n");
  const RunOptions first = plan.options(plan.runs()[0], {});
  CHECK(first.run.batch_size == 64);
  CHECK(first.run.augment.crop_padding == 4);
  CHECK(first.run.optimizer.plasticity.plasticity_scale == 2.0);
  CHECK(first.run.optimizer.plasticity.warmup_epochs == 2);
  CHECK(first.run.seed == 7);
  CHECK(plan.options(plan.runs()[1], {}).run.optimizer.plasticity.max_alpha == 1.5);
}

TEST_CASE("apps.study.plan.a_search_holds_for_the_variants_of_its_optimizer") {
  const std::string text =
      "validation = 0.2\noptimizers = ['a=sgd', 'b=sgd']\nseeds = [1]\n[tuning]\ntrials = "
      "2\nseeds = [8]\n[search.sgd]\nlr = { log = [0.01, 1] }\n";
  const StudyPlan plan = plan_of(text);
  CHECK(plan.is_tuned(0));
  CHECK(plan.is_tuned(1));
  // The same trials for both.
  CHECK(plan.trial(0, 1) == plan.trial(1, 1));
  const StudyPlan own = plan_of(text + "[search.b]\nmomentum = [0, 0.5]\n");
  CHECK(own.trial(1, 0).front().first == "momentum");
  CHECK_THROWS_AS(plan_of(text + "[variant.a]\nlr = 0.1\n"), UsageError);
}

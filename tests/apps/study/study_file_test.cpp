#include "apps/study/study_file.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "apps/cli/values.h"
#include "apps/study/study_plan.h"
#include "tests/support/paths.h"
#include "tests/support/text.h"

using namespace plastic::apps;
using plastic::test::contains;
namespace fs = std::filesystem;

namespace {

std::string refusal(const std::string& text) {
  try {
    const StudyPlan plan(parse_study_file("a.toml", text));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

const std::string start = "optimizers = ['sgd', 'adam']\nseeds = [1, 2]\n";

}  // namespace

TEST_CASE("apps.study.file.reads_what_it_says") {
  const StudyFile file = parse_study_file("a.toml",
                                          "data = 'digits'\nfraction = [0.1, 0.2]\n"
                                          "hidden = [64, 32]\noptimizers = ['sgd', 'fast=sgd']\n"
                                          "seeds = ['3..5', 9]\ntargets = [0.5, 0.9]\n"
                                          "[variant.fast]\nlr = 0.5\n"
                                          "[variant.np]\noptimizer = 'neuroplastic'\n"
                                          "np.plasticity-scale = [1, 2]\n"
                                          "[variant.adam]\n");
  REQUIRE(file.options.size() == 3);
  CHECK(file.options[1].option->name == "fraction");
  CHECK(file.options[1].values == std::vector<std::string>{"0.1", "0.2"});
  // One value of an option that is a list itself.
  CHECK(file.options[2].values == std::vector<std::string>{"64,32"});
  CHECK(file.seeds == std::vector<std::uint64_t>{3, 4, 5, 9});
  CHECK(file.targets == std::vector<double>{0.5, 0.9});
  REQUIRE(file.variants.size() == 4);
  CHECK(file.variants[1].options[0].values == std::vector<std::string>{"0.5"});
  CHECK(file.variants[2].variant.optimizer == "neuroplastic");
  CHECK(file.variants[2].options[0].values.size() == 2);
  // An optimizer by its name needs no more than a table that is empty.
  CHECK(file.variants[3].variant.optimizer == "adam");
}

TEST_CASE("apps.study.file.lists_of_lists_are_grids") {
  const StudyFile file =
      parse_study_file("a.toml", start + "hidden = [[64, 32], [16]]\naugment = ['flip', 'crop']\n");
  CHECK(file.options[0].values == std::vector<std::string>{"64,32", "16"});
  CHECK(file.options[1].values == std::vector<std::string>{"flip,crop"});
  const StudyFile short_lists =
      parse_study_file("a.toml", start + "hidden = [[64], [16]]\naugment = [['flip'], ['crop']]\n");
  CHECK(short_lists.options[0].values == std::vector<std::string>{"64", "16"});
  CHECK(short_lists.options[1].values == std::vector<std::string>{"flip", "crop"});
}

TEST_CASE("apps.study.file.errors_name_file_line_and_key") {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"optimizers = ['sgd']\n", "a.toml: line 1: seeds: the file names none; add seeds = ["},
      {"seeds = [1]\n", "a.toml: line 1: optimizers: the file names none"},
      {"optimizers = ['sgd']\nseeds = [1]\nfractoin = 0.1\n",
       "a.toml: line 3: fractoin: unknown key; did you mean fraction?"},
      {"optimizers = ['sdg']\nseeds = [1]\n", "a.toml: line 1: optimizers: "},
      {"optimizers = ['sgd']\nseeds = [1]\nfraction = [0.1, 2]\n", "a.toml: line 3: fraction: "},
      {"optimizers = ['sgd']\nseeds = [1, 1]\n", "a.toml: line 2: seeds: seed 1 is given twice"},
      {"optimizers = ['sgd']\nseeds = '5..3'\n",
       "a.toml: line 2: seeds: expected FIRST..LAST, got '5..3'"},
      {"optimizers = ['sgd']\nseed = 1\n", "a.toml: line 2: seed: a study has seeds = ["},
      {"optimizer = 'sgd'\nseeds = [1]\n", "a.toml: line 1: optimizer: a study has optimizers = ["},
      {"optimizers = ['sgd']\nseeds = [1]\nthreads = 2\n", "plastic study --jobs N"},
      {"optimizers = ['sgd']\nseeds = [1]\nout = 'x'\n", "a.toml: line 3: out: "},
      {"optimizers = ['sgd']\nseeds = [1]\nepochs = []\n",
       "a.toml: line 3: epochs: expected a value, got an empty list"},
      {"optimizers = ['sgd']\nseeds = [1]\nnp.min-alpha = 0.1\n",
       "a.toml: line 3: np.min-alpha: only neuroplastic and grad-only have it, not sgd"},
      {"optimizers = ['sgd']\nseeds = [1]\nreference = 'adam'\n",
       "reference: no variant is called adam; there are sgd"},
      {"seeds = [1]\n[variant.fast]\nlr = 1\n",
       "a.toml: line 3: variant.fast: needs optimizer = NAME"},
      {"optimizers = ['sgd']\nseeds = [1]\n[variant.'a b']\nlr = 1\n",
       "expected a name of letters, digits, - and _"},
      {"optimizers = ['sgd']\nseeds = [1]\n[variant.sgd]\nfraction = 0.1\n",
       "a.toml: line 4: variant.sgd.fraction: decides what is compared"},
      {"optimizers = ['sgd']\nseeds = [1]\n[variant.sgd]\nbeta1 = 0.1\n", ", not sgd"},
      {"optimizers = ['sgd']\nseeds = [1]\n[search.sgd]\nlr = { log = [0.1, 1] }\n",
       "a.toml: line 4: search.sgd: needs [tuning] with trials = N"},
      {"optimizers = ['sgd']\nseeds = [1]\n[tuning]\ntrials = 3\nseeds = [1]\n[search.sgd]\nlr = { "
       "log = [0.1, 1] }\n",
       "seed 1 is one of the verdict's seeds, too"},
      {"optimizers = ['sgd']\nseeds = [1]\n[tuning]\ntrials = 3\n[search.sgd]\nlr = { log = [0.1, "
       "1] }\n",
       "tuning: needs seeds = [1] of its own"},
      {"optimizers = ['sgd']\nseeds = [1]\n[tuning]\ntrials = 3\nseeds = [2]\n[search.adam]\nlr = "
       "{ log = [0.1, 1] }\n",
       "no variant is called so or uses this optimizer; there are sgd"},
      {"optimizers = ['sgd']\nseeds = [1]\n[tuning]\ntrials = 3\nseeds = [2]\n[search.sgd]\nlr = { "
       "log = [1, 0.1] }\n",
       "expected the lower bound first"},
      {"optimizers = ['sgd']\nseeds = [1]\n[tuning]\ntrials = 3\nseeds = "
       "[2]\n[search.sgd]\nweight-decay = { "
       "log = [0, 0.1] }\n",
       "a logarithm needs bounds above 0"},
      {"optimizers = ['sgd']\nseeds = [1]\n[tuning]\ntrials = 3\nseeds = [2]\n[search.sgd]\nlr = "
       "0.1\n",
       "one value is no search"},
      {"optimizers = ['sgd']\nseeds = [1]\n[tuning]\ntrials = 3\nseeds = [2]\n[search.sgd]\nlr = { "
       "gaussian = [0, 0.1] }\n",
       "expected one of { log = [LOW, HIGH] }"},
      {"optimizers = ['sgd']\nseeds = [1]\n[tuning]\ntrials = 0\n",
       "a.toml: line 4: tuning.trials: "},
      {"optimizers = ['sgd']\nseeds = [1]\n[tuning]\ntrails = 4\n",
       "[tuning] has trials, seeds, select and sequence"},
      {"optimizers = ['sgd']\nseeds = [1]\n[task]\n", "a.toml: line 3: task: expected a table"},
      {"optimizers = ['sgd']\nseeds = [1]\npaper = [true, false]\n",
       "a.toml: line 3: paper: takes one value, not a list"},
      {"optimizers = ['sgd']\nseeds = [1]\ntargets = [85]\n", "a.toml: line 3: targets: "},
      {"optimizers = ['sgd'\n", "a.toml: line "},
  };
  for (const Case& one : cases) {
    CAPTURE(one.text);
    const std::string message = refusal(one.text);
    CAPTURE(message);
    CHECK(message.starts_with("a.toml: "));
    CHECK(contains(message, one.message));
  }
}

TEST_CASE("apps.study.file.tuning_needs_a_validation_part") {
  const std::string text = start +
                           "[tuning]\ntrials = 3\nseeds = [5]\n[search.sgd]\nlr = { log = [0.01, "
                           "1] }\n";
  CHECK(contains(refusal(text), "a.toml: line 5: tuning: needs validation = F"));
  CHECK(refusal("validation = 0.2\n" + text).empty());
}

TEST_CASE("apps.study.file.shipped_studies_are_right") {
  const fs::path folder = plastic::test::test_folder().parent_path() / "apps/studies";
  int count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    CAPTURE(entry.path().string());
    const StudyPlan plan(read_study_file(entry.path()));
    CHECK_FALSE(plan.file().description.empty());
    CHECK(plan.runs().size() >= 25);
    ++count;
  }
  CHECK(count >= 9);
}

TEST_CASE("apps.study.file.a_variant_stands_once") {
  CHECK(contains(refusal(start + "[variant.sgd]\nmomentum = [0.9, 0.9]\n"),
                 "there are two variants 'sgd momentum=0.9'"));
  CHECK(contains(refusal("variant.sgd.momentum = 0.5\n" + start), "there are two variants 'sgd'"));
  CHECK(contains(refusal(start + "fraction = [0.1, 0.1]\n"), "there are two tasks"));
}

TEST_CASE("apps.study.file.a_search_is_of_all_variants_of_its_optimizer") {
  const StudyPlan plan(parse_study_file(
      "a.toml",
      "optimizers = ['sgd', 'slow=sgd', 'adam']\nseeds = [1]\nvalidation = 0.2\n"
      "[tuning]\ntrials = 2\nseeds = [9]\n[search.sgd]\nlr = { log = [0.1, 1] }\n"
      "[variant.own]\noptimizer = 'sgd'\n[search.own]\nmomentum = { uniform = [0, 0.9] }\n"));
  REQUIRE(plan.variants().size() == 4);
  CHECK(plan.variants()[0].space.front().option->name == "lr");
  CHECK(plan.variants()[1].space.front().option->name == "lr");
  CHECK(plan.variants()[2].space.empty());
  REQUIRE(plan.variants()[3].space.size() == 1);
  CHECK(plan.variants()[3].space.front().option->name == "momentum");
}

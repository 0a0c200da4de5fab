#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string small = " --fraction 0.02 --hidden 16 --batch-size 25";

// The last line of `text` that begins with "  plastic train", without "plastic".
std::string train_line(const std::string& text) {
  const std::string beginning = "  plastic train";
  const std::size_t at = text.rfind(beginning);
  REQUIRE(at != std::string::npos);
  const std::size_t from = at + std::string("  plastic ").size();
  return text.substr(from, text.find('\n', from) - from);
}

}  // namespace

TEST_CASE("apps.tune.range_test") {
  const TemporaryFolder folder;
  const std::string out = folder / "out";
  const std::string arguments = "tune --optimizer adam --seeds 1,2 --steps 60 --from 1e-4 --to 10" +
                                small + " --dropout 0 --out '" + out + "'";
  const ProgramResult result = require_done(arguments);
  CHECK(contains(result.out, {"learning rates from 0.0001 to 10 in 60 steps; 2 seeds",
                              "The loss falls fastest at", "suggested  lr ", "lr-range.html"}));
  const std::string numbers = read_file(out + "/lr-range.json");
  const json report = json::parse(numbers);
  REQUIRE(report["runs"].size() == 2);
  const json& run = report["runs"][1];
  CHECK(run["seed"] == 2);
  CHECK(run["learning_rate"][0] == 1e-4);
  CHECK(run["loss"].size() == run["smooth_loss"].size());
  CHECK(report["suggested_lr"].get<double>() > 1e-4);
  CHECK(report["suggested_lr"].get<double>() < 1);
  const std::string page = read_file(out + "/lr-range.html");
  CHECK(contains(page, {"What the test says", "seed 1", "plastic train --"}));
  // What it says to type works, but for the folder.
  CHECK(contains(train_line(result.out), {"--optimizer adam", "--dropout 0", "--lr "}));
  CHECK(run_program(train_line(result.out) + " --epochs 1").code == 0);

  // Again in the same folder: the same bytes.
  require_done(arguments);
  CHECK(read_file(out + "/lr-range.json") == numbers);
}

TEST_CASE("apps.tune.search") {
  const TemporaryFolder folder;
  const std::string out = folder / "out";
  const std::string arguments = "tune --optimizer sgd --epochs 1 --seeds 3 --tuning-seeds 7" +
                                small + " --search lr=log:1e-3:1 --search momentum=choices:0:0.9" +
                                " --jobs 2 --out '" + out + "'";
  const ProgramResult planned = require_done(arguments + " --trials 2 --dry-run");
  CHECK(contains(planned.out, "3 runs, 2 of them for tuning"));
  CHECK_FALSE(fs::exists(out));
  // A range test does not stand in its way, nor the other way round.
  require_done("tune --optimizer sgd --seeds 3 --steps 30" + small + " --out '" + out + "'");
  const ProgramResult two = require_done(arguments + " --trials 2");
  CHECK(contains(two.out, {"chosen: sgd on digits mlp", "To train with the settings found"}));
  CHECK(contains(train_line(two.out), {"--fraction 0.02", "--lr 0.", "--momentum 0"}));
  CHECK(run_program(train_line(two.out)).code == 0);
  CHECK(contains(read_file(out + "/report.html"), "Validation accuracy by lr"));
  // More trials keep those that are done; the folder is a study's.
  const ProgramResult three = require_done(arguments + " --trials 3");
  CHECK(contains(three.out, "4 runs, 3 of them for tuning (3 trials each); 2 done"));
  CHECK(contains(require_done("study '" + out + "'").out, "expected test accuracy"));
  require_done("tune --optimizer sgd --seeds 3 --steps 30" + small + " --out '" + out + "'");
  CHECK(fs::exists(out + "/results.jsonl"));
}

TEST_CASE("apps.tune.a_search_in_which_every_run_is_lost_recommends_nothing") {
  const TemporaryFolder folder;
  const std::string out = folder / "out";
  const std::string arguments = "tune --optimizer sgd --epochs 1 --seeds 3 --tuning-seeds 7,8" +
                                small + " --trials 2 --search lr=log:1e30:1e35 --out '" + out + "'";
  // The first call, and one that continues it.
  for (int call = 0; call < 2; ++call) {
    const ProgramResult result = run_program(arguments);
    CHECK(result.code == 1);
    CHECK_MESSAGE(contains(result.err, {"[tune] no run of any trial has finished",
                                        "the loss is not a number in epoch 1", "--overwrite"}),
                  result.err);
    CHECK_FALSE(contains(result.out, "plastic train"));
    CHECK(contains(result.out, "2 trials, 2 lost"));
    CHECK_FALSE(contains(read_file(out + "/results.jsonl"), "verdict"));
  }
}

TEST_CASE("apps.tune.refuses") {
  const auto refusal = [](const std::string& arguments) {
    const ProgramResult result = run_program("tune --out /nonexistent/x " + arguments);
    CHECK(result.code == 2);
    return result.err;
  };
  CHECK(contains(refusal("--search lr=log:1e-3:1"), "--search: goes with a search; add --trials"));
  CHECK(contains(refusal("--trials 2 --steps 100"), "--steps: goes with a range test"));
  CHECK(contains(refusal("--trials 2 --search lr=log:0:1"),
                 "lr.log: expected a finite number above 0"));
  CHECK(contains(refusal("--trials 2 --lr 0.1 --search lr=log:0.1:1"), "--lr is given, too"));
  CHECK(contains(refusal("--trials 2 --search lr=log:0.1:1 --search lr=log:0.2:1"),
                 "plastic: --search lr: given twice; leave one of them out"));
  CHECK(contains(refusal("--trials 2 --validation 0"),
                 "plastic: --validation 0: a search compares settings on a part"));
  CHECK(contains(refusal("--trials 2 --threads 2"), "--jobs says how many"));
  CHECK(contains(refusal("--trials 2 --seeds 1001"), "one of the verdict's seeds"));
  CHECK(contains(refusal("--optimizer adam --trials 2 --momentum 0.9"), "momentum"));
  CHECK(contains(refusal("--optimizer adam --trials 2 --lr 0.1"), "name something else"));
  CHECK(contains(refusal("--from 1 --to 0.1"), "expected the lower rate first"));
  CHECK(contains(refusal("--tensorboard"), "goes with plastic train"));
}

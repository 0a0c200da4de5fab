// plastic study: the same results however often it is killed, and results for what fails.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "apps/runs/run_files.h"
#include "plastic/core/random.h"
#include "tests/apps/program.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text.h"

using namespace plastic::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string small =
    "data = 'digits'\nfraction = 0.02\nhidden = [16]\nbatch-size = 50\nepochs = 2\n";
const std::string variants = "optimizers = ['sgd', 'adam']\n";
const std::string search =
    "[tuning]\ntrials = 3\nseeds = [101]\n[search.sgd]\nlr = { log = [1e-3, 1] }\n";

// A folder with studies and what they are of.
class Studies {
 public:
  fs::path operator/(const std::string& name) const { return folder_.path() / name; }

  std::string command(const std::string& text, const std::string& out,
                      const std::string& arguments = "") const {
    write_file(*this / "a.toml", text);
    return "study '" + (folder_ / "a.toml") + "' --out '" + (folder_ / out) + "' " + arguments;
  }
  ProgramResult run(const std::string& text, const std::string& out,
                    const std::string& arguments = "") const {
    return run_program(command(text, out, arguments));
  }
  std::string results(const std::string& out) const {
    return read_file(*this / out / "results.jsonl");
  }
  std::vector<json> lines(const std::string& out) const {
    std::vector<json> all;
    std::istringstream text(results(out));
    for (std::string line; std::getline(text, line);) all.push_back(json::parse(line));
    return all;
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("apps.study.a_grid") {
  const Studies all;
  const std::string text = "data = 'digits'\nfraction = [0.01, 0.02]\nhidden = [16]\nepochs = 2\n" +
                           variants + "seeds = [3, 4]\n";
  const ProgramResult result = all.run(text, "out", "--jobs 2");
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  const std::vector<json> lines = all.lines("out");
  REQUIRE(lines.size() == 8);
  CHECK(lines[0]["task"] == "digits mlp, fraction 0.01");
  CHECK(lines[0]["variant"] == "sgd");
  CHECK(lines[0]["seed"] == 3);
  CHECK(lines[7]["fraction"] == 0.02);
  CHECK(lines[7]["optimizer"] == "adam");
  CHECK(lines[7]["test_accuracy"].size() == 2);
  CHECK(lines[7]["option.lr"] == 0.001);
  CHECK(lines[7]["steps_per_epoch"] == 2);
  for (const fs::directory_entry& entry : fs::directory_iterator(all / "out")) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    CHECK(std::ranges::find(plastic::apps::run_file_names, name) !=
          std::end(plastic::apps::run_file_names));
  }

  SUBCASE("holds what train gives") {
    const std::string alone = (all / "alone").string();
    REQUIRE(run_program("train --data digits --fraction 0.02 --hidden 16 --epochs 2 --optimizer "
                        "adam --seed 4 --threads 2 --out '" +
                        alone + "'")
                .code == 0);
    std::istringstream metrics(read_file(alone + "/metrics.jsonl"));
    for (std::size_t i = 0; i < 2; ++i) {
      std::string line;
      std::getline(metrics, line);
      for (const char* name : {"train_loss", "test_loss", "test_accuracy"}) {
        CHECK(lines[7][name][i] == json::parse(line)[name]);
      }
    }
  }

  SUBCASE("the number of runs side by side changes nothing") {
    REQUIRE(all.run(text, "one", "--jobs 1").code == 0);
    CHECK(all.results("one") == all.results("out"));
    REQUIRE(all.run(text, "many", "--jobs 8").code == 0);
    CHECK(all.results("many") == all.results("out"));
  }

  SUBCASE("is shown again") {
    const ProgramResult again = run_program("study '" + (all / "out").string() + "'");
    CAPTURE(again.err);
    CHECK(again.code == 0);
    CHECK(contains(again.out, "digits mlp, fraction 0.02"));
    CHECK(contains(again.out, "Best mean test accuracy: "));
    const json summary = json::parse(read_file(all / "out/summary.json"));
    CHECK(summary["reference"] == "sgd");
    CHECK(summary["tasks"].size() == 2);
    CHECK(contains(read_file(all / "out/report.html"), "digits mlp, fraction 0.02"));
    // As a page elsewhere, the same.
    const std::string page = (all / "page.html").string();
    REQUIRE(run_program("report '" + (all / "out").string() + "' --out '" + page + "'").code == 0);
    CHECK(read_file(page) == read_file(all / "out/report.html"));
    // And not done again.
    const std::string before = all.results("out");
    const ProgramResult same = all.run(text, "out");
    CHECK(same.code == 0);
    CHECK(contains(same.out, "8 done"));
    CHECK(all.results("out") == before);
  }

  SUBCASE("may grow") {
    const std::string more =
        "data = 'digits'\nfraction = [0.01, 0.02]\nhidden = [16]\nepochs = 2\n# A comment.\n"
        "optimizers = ['sgd', 'lion', 'adam']\nseeds = [3, 5, 4]\n";
    const ProgramResult grown = all.run(more, "out");
    CAPTURE(grown.err);
    REQUIRE(grown.code == 0);
    CHECK(contains(grown.out, "18 runs; 8 done"));
    REQUIRE(all.run(more, "whole").code == 0);
    CHECK(all.results("out") == all.results("whole"));
    CHECK(contains(read_file(all / "out/study.toml"), "# A comment."));
  }

  SUBCASE("another study is refused") {
    const std::string before = all.results("out");
    struct Case {
      std::string text;
      const char* message;
    };
    const Case cases[] = {
        {"data = 'digits'\nfraction = [0.01, 0.02]\nhidden = [16]\nepochs = 3\n" + variants +
             "seeds = [3, 4]\n",
         "epochs is 2 there and 3 here"},
        {text + "[variant.adam]\nlr = 0.5\n", "lr is 0.001 there and 0.5 here"},
        {text.substr(0, text.find("seeds")) + "seeds = [3]\n",
         "sgd on digits mlp, fraction 0.01, seed 4; a study may grow"},
    };
    for (const Case& one : cases) {
      const ProgramResult refused = all.run(one.text, "out");
      CAPTURE(refused.err);
      CHECK(refused.code == 1);
      CHECK(contains(refused.err, one.message));
      CHECK(contains(refused.err, "--overwrite"));
      CHECK(all.results("out") == before);
    }
    REQUIRE(all.run(cases[0].text, "out", "--overwrite").code == 0);
    CHECK(all.lines("out")[0]["epochs"] == 3);
  }

  SUBCASE("continues from its results alone") {
    const std::string whole = all.results("out");
    fs::create_directory(all / "other");
    const std::size_t half = whole.find('\n', whole.size() / 2) + 1;
    write_file(all / "other/results.jsonl", whole.substr(0, half));
    const ProgramResult rest = all.run(text, "other");
    CAPTURE(rest.err);
    REQUIRE(rest.code == 0);
    CHECK_FALSE(contains(rest.out, " 0 done"));
    CHECK(all.results("other") == whole);
  }
}

TEST_CASE("apps.study.search_and_verdict") {
  const Studies all;
  const std::string start = small + "validation = 0.2\n" + variants + "seeds = [1, 2]\n";
  const ProgramResult result = all.run(start + search, "out");
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  const std::vector<json> lines = all.lines("out");
  REQUIRE(lines.size() == 3 + 4);
  std::size_t best = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(lines[i]["phase"] == "tuning");
    CHECK(lines[i]["trial"] == i);
    CHECK(lines[i]["seed"] == 101);
    CHECK(lines[i]["tuned.lr"] == lines[i]["option.lr"]);
    if (lines[i]["final_validation_accuracy"] > lines[best]["final_validation_accuracy"]) best = i;
  }
  // A seed's variants stand together.
  for (const std::size_t i : {3, 5}) {
    CHECK(lines[i]["phase"] == "verdict");
    CHECK(lines[i]["variant"] == "sgd");
    CHECK(lines[i]["option.lr"] == lines[best]["option.lr"]);
  }
  CHECK(lines[4]["variant"] == "adam");
  CHECK(lines[4]["option.lr"] == 0.001);
  CHECK(contains(result.out, "chosen: sgd on digits mlp, fraction 0.02: lr "));

  SUBCASE("more trials") {
    std::string more = start + search;
    more.replace(more.find("trials = 3"), 10, "trials = 6");
    REQUIRE(all.run(more, "out").code == 0);
    REQUIRE(all.run(more, "whole").code == 0);
    CHECK(all.results("out") == all.results("whole"));
    CHECK(all.lines("out").size() == 6 + 4);
  }

  SUBCASE("another range is another study") {
    std::string other = start + search;
    other.replace(other.find("1e-3"), 4, "1e-2");
    const ProgramResult refused = all.run(other, "out");
    CHECK(refused.code == 1);
    CHECK(contains(refused.err, "of trial 0 of sgd on digits mlp"));
  }
}

TEST_CASE("apps.study.kill_9_at_any_moment") {
  constexpr int kills = 10;
  const Studies all;
  const std::string text =
      small + "validation = 0.2\nlabel-noise = [0, 0.2]\n" + variants + "seeds = '1..3'\n" + search;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  REQUIRE(all.run(text, "whole", "--jobs 2").code == 0);
  const std::chrono::duration<double> duration = Clock::now() - start;
  const std::string command = all.command(text, "parts", "--jobs 2");
  plastic::Generator generator{.seed = 11};
  int killed = 0;
  for (int i = 0; i < kills; ++i) {
    RunningProgram program(command);
    std::this_thread::sleep_for(duration * generator.next_float() * 0.7);
    program.send(SIGKILL);
    const ProgramResult result = program.wait();
    CAPTURE(result.err);
    CHECK((result.code == -1 || result.code == 0));
    killed += result.code == -1 ? 1 : 0;
  }
  CHECK(killed > 0);
  const ProgramResult last = run_program(command);
  CAPTURE(last.err);
  REQUIRE(last.code == 0);
  CHECK(all.results("parts") == all.results("whole"));
  for (const char* file : {"study.toml", "summary.json"}) {
    CHECK(read_file(all / "parts" / file) == read_file(all / "whole" / file));
  }
  CHECK_FALSE(fs::exists(all / "parts/journal.jsonl"));
}

TEST_CASE("apps.study.interrupted") {
  const Studies all;
  const std::string text = small + "optimizers = ['sgd']\nseeds = '1..400'\n";
  RunningProgram program(all.command(text, "out", "--jobs 2"));
  program.wait_for(all / "out/journal.jsonl");
  program.send(SIGINT);
  const ProgramResult result = program.wait();
  CAPTURE(result.err);
  CHECK(result.code == 130);
  CHECK(contains(result.err, " of 400 runs done and saved"));
  CHECK(contains(result.err, "To continue:\n    plastic study "));
  const std::size_t done = all.lines("out").size();
  CHECK(done >= 1);
  CHECK(done < 400);
  const ProgramResult shown = run_program("study '" + (all / "out").string() + "'");
  CHECK(shown.code == 0);
  CHECK(contains(shown.out, std::to_string(done) + " of 400 runs done"));
}

TEST_CASE("apps.study.what_fails_is_a_result") {
  const Studies all;
  SUBCASE("a run that diverges") {
    const std::string text =
        small + variants + "seeds = [1, 2]\n[variant.fast]\noptimizer = 'sgd'\nlr = 1e30\n";
    const ProgramResult result = all.run(text, "out");
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    const std::vector<json> lines = all.lines("out");
    REQUIRE(lines.size() == 6);
    CHECK(lines[2]["end"] == "diverged");
    CHECK(contains(lines[2]["message"].get<std::string>(), "the loss is not a number in epoch 1"));
    CHECK(lines[3]["end"] == "finished");
    CHECK(contains(result.out, "diverged: the loss"));
    CHECK_FALSE(contains(result.out, "nan%"));
  }
  SUBCASE("a search in which all diverge") {
    const ProgramResult result = all.run(small +
                                             "validation = 0.2\noptimizers = ['sgd']\nseeds = "
                                             "[1]\n[tuning]\ntrials = 2\nseeds = [7]\n"
                                             "[search.sgd]\nlr = [1e30, 1e29]\n",
                                         "out");
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    // None of them is chosen for a verdict.
    CHECK(contains(result.out, "nothing chosen: sgd on digits mlp"));
    CHECK(contains(result.out, "2 trials, 2 lost"));
    CHECK_FALSE(contains(result.out, "\nchosen: "));
    REQUIRE(all.lines("out").size() == 2);
    CHECK(all.lines("out").back()["phase"] == "tuning");
    // Nothing of it is left to do.
    const ProgramResult shown = run_program("study '" + (all / "out").string() + "'");
    CHECK(shown.code == 0);
    CHECK_FALSE(contains(shown.out, "to continue"));
  }
  SUBCASE("a run that is killed") {
    const std::string text = small +
                             "optimizers = ['sgd']\nseeds = [1]\n[variant.long]\noptimizer "
                             "= 'sgd'\n[task.a]\nepochs = 100000\n";
    RunningProgram program(all.command(text, "out", "--jobs 1"));
    // Its children, one after the other.
    const std::string parent = std::to_string(program.process());
    int killed = 0;
    for (int i = 0; i < 2000 && killed < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      std::istringstream children(read_file("/proc/" + parent + "/task/" + parent + "/children"));
      int child = 0;
      static int last = 0;
      if (!(children >> child) || child == last) continue;
      last = child;
      kill(child, SIGKILL);
      ++killed;
    }
    const ProgramResult result = program.wait();
    CAPTURE(result.err);
    CAPTURE(result.out);
    REQUIRE(result.code == 0);
    const std::vector<json> lines = all.lines("out");
    REQUIRE(lines.size() == 2);
    CHECK(lines[0]["end"] == "unfinished");
    CHECK(contains(lines[1]["message"].get<std::string>(), "ended by signal 9"));
    CHECK(contains(result.out, "failed: ended by signal 9"));
    // It is not tried again, unless that is asked for.
    const ProgramResult again = all.run(text, "out");
    CHECK(contains(again.out, "2 done"));
    const ProgramResult retry = all.run(text, "out", "--retry --dry-run");
    CHECK(contains(retry.out, "0 done"));
  }
}

TEST_CASE("apps.study.the_page_knows_how_a_search_was_spread") {
  const Studies all;
  const std::string text = "description = 'What the rate does.'\n" + small +
                           "validation = 0.2\noptimizers = ['sgd']\n"
                           "seeds = [1, 2]\n[tuning]\ntrials = 6\nseeds = [101]\n"
                           "[search.sgd]\nlr = { uniform = [0.001, 0.5] }\n";
  const ProgramResult result = all.run(text, "out");
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CHECK(contains(read_file(all / "out/report.html"), "\"logarithmic\":false"));
  CHECK_FALSE(contains(read_file(all / "out/report.html"), "\"logarithmic\":true"));
  // Of two seeds, no interval.
  CHECK(contains(result.out, "Too few seeds for an interval: it takes 3 or more that finish.\n"));
  CHECK(contains(read_file(all / "out/report.html"), "Too few seeds for an interval"));
  // Above the results, also when they are shown again.
  const ProgramResult shown = run_program("study '" + (all / "out").string() + "'");
  CHECK(shown.out.starts_with("\nWhat the rate does.\n\ndigits mlp"));
}

// Results of programs that did not let an option be chosen are those of its default.
TEST_CASE("apps.study.options_that_results_do_not_know") {
  const Studies all;
  const std::string text = small + "optimizers = ['muon']\nseeds = [1]\n";
  REQUIRE(all.run(text, "out").code == 0);
  std::string results = all.results("out");
  const std::string option = "\"option.ns-steps\":5,";
  REQUIRE(contains(results, option));
  results.erase(results.find(option), option.size());
  write_file(all / "out/results.jsonl", results);
  const ProgramResult same = all.run(text, "out");
  CAPTURE(same.err);
  CHECK(same.code == 0);
  CHECK(contains(same.out, "1 run; 1 done"));
  write_file(all / "out/results.jsonl", results);
  const ProgramResult other = all.run(text + "[variant.muon]\nns-steps = 3\n", "out");
  CHECK(other.code == 1);
  CHECK(contains(other.err, "ns-steps is 5 there and 3 here"));
}

// Whole runs of another study, tuned ones too; only what is equal in all that decides a run.
TEST_CASE("apps.study.reuses_what_another_study_has") {
  const Studies all;
  const std::string first = small + "validation = 0.2\n" + variants + "seeds = [1, 2]\n" + search;
  REQUIRE(all.run(first, "first").code == 0);
  // Other names, a search with the same sequence, more seeds, a task that is not there.
  const std::string second = small +
                             "validation = 0.2\noptimizers = ['fast=sgd']\nseeds = [1, 2, 3]\n"
                             "[tuning]\ntrials = 3\nseeds = [101]\n"
                             "[search.fast]\nlr = { log = [1e-3, 1] }\n"
                             "[task.same]\n[task.noisy]\nlabel-noise = 0.2\n";
  const ProgramResult reused =
      all.run(second, "second", "--reuse '" + (all / "first").string() + "'");
  CAPTURE(reused.err);
  REQUIRE(reused.code == 0);
  // Three trials and two verdicts of the one task.
  CHECK(contains(reused.out, "\n5 runs taken from other studies\n"));
  REQUIRE(all.run(second, "alone").code == 0);
  CHECK(all.results("second") == all.results("alone"));

  const ProgramResult nothing =
      all.run(second, "third", "--reuse '" + (all / "none").string() + "'");
  CHECK(nothing.code == 1);
  CHECK(contains(nothing.err, "holds no study"));
  CHECK(all.run(second, "third", "--dry-run --reuse '" + (all / "first").string() + "'").code == 2);
}

TEST_CASE("apps.study.dry_run") {
  const Studies all;
  const std::string text = small + "validation = 0.2\n" + variants + "seeds = [1, 2]\n" + search;
  const ProgramResult result = all.run(text, "out", "--dry-run");
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CHECK(contains(result.out, "tuning   3 runs, 3 left, "));
  CHECK(contains(result.out, "verdict  4 runs, 4 left, "));
  CHECK(contains(result.out, "in all   "));
  CHECK_FALSE(fs::exists(all / "out"));
  REQUIRE(all.run(text, "out").code == 0);
  CHECK(contains(all.run(text, "out", "--dry-run").out, "verdict  4 runs, 0 left, 0 s"));
}

TEST_CASE("apps.study.usage") {
  const Studies all;
  const auto refused = [&](const std::string& text, const std::string& arguments, int code,
                           const std::string& message) {
    const ProgramResult result = all.run(text, "out", arguments);
    CAPTURE(result.err);
    CHECK(result.code == code);
    CHECK(contains(result.err, message));
  };
  refused(small + variants, "", 2, "a.toml: line 1: seeds: the file names none");
  refused(small + variants + "seeds = [1]\n", "--jobs 0", 2, "--jobs");
  refused("data = 'mnist'\ndata-dir = '/nowhere'\n" + variants + "seeds = [1]\n", "", 1,
          "/nowhere");
  refused(small + variants + "seeds = [1]\nbatch-size = 500\ndrop-last = true\n", "", 2,
          "batch-size");
  CHECK(run_program("study").code == 2);
  CHECK(run_program("study /nowhere.toml").code == 1);
}

TEST_CASE("apps.study.other_data_are_another_study") {
  const Studies all;
  const std::string text = small + variants + "seeds = [1]\n";
  REQUIRE(all.run(text, "out").code == 0);
  CHECK(contains(all.lines("out").front()["images"].get<std::string>(),
                 "10000 + 2000 images of 10 classes, "));
  std::string results = all.results("out");
  const std::size_t at = results.find("10000 + 2000 images");
  results.replace(at, 5, "20000");
  write_file(all / "out/results.jsonl", results);
  const ProgramResult refused = all.run(small + variants + "seeds = [1, 2]\n", "out");
  CHECK(refused.code == 1);
  CHECK(contains(refused.err,
                 "the data have changed: sgd on digits mlp, fraction 0.02, seed 1 had "
                 "20000 + 2000 images"));
  CHECK(all.results("out") == results);
}

TEST_CASE("apps.study.overwriting_waits_until_the_study_can_begin") {
  const Studies all;
  REQUIRE(all.run(small + variants + "seeds = [1]\n", "out").code == 0);
  const std::string before = all.results("out");
  const std::string other =
      "data = 'mnist'\ndata-dir = '/nonexistent'\n" + variants + "seeds = [1]\n";
  CHECK(all.run(other, "out", "--overwrite").code == 1);
  CHECK(all.results("out") == before);
  REQUIRE(all.run(small + variants + "seeds = [5]\n", "out", "--overwrite").code == 0);
  CHECK(all.lines("out").front()["seed"] == 5);
  CHECK(all.lines("out").size() == 2);
}

TEST_CASE("apps.study.what_a_call_asks_for_is_not_ignored") {
  const Studies all;
  const ProgramResult few = all.run(small + variants + "seeds = [1, 2]\n", "out");
  REQUIRE(few.code == 0);
  CHECK(contains(few.out, "2 seeds cannot show a difference in 1 comparison"));
  const ProgramResult refused = run_program("study '" + (all / "out").string() + "' --jobs 3");
  CHECK(refused.code == 2);
  CHECK(contains(refused.err, "the other options go with the file of a study"));
}

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "apps/runs/checkpoint.h"
#include "apps/training/training.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::test;
using nlohmann::json;
namespace fs = std::filesystem;

TEST_CASE("apps.compare.table") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  const std::string common = " --data mnist --data-dir '" + folder.path().string() +
                             "' --hidden 16 --batch-size 20 --epochs 2 --fraction 0.5 --threads 2";
  const std::string out = folder / "out";
  const ProgramResult result = run_program(
      "compare --optimizers neuroplastic,grad-only,sgd --seeds 5,6 --out '" + out + "'" + common);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);

  SUBCASE("is printed with its conclusion") {
    CHECK(contains(result.out, "points vs first"));
    CHECK(contains(result.out, "[6/6] sgd seed 6"));
    CHECK(contains(result.out, "Best mean test accuracy: "));
    CHECK(contains(result.out, "2 seeds cannot show a difference"));
    std::istringstream lines(result.out.substr(result.out.find("points vs first")));
    int rows = 0;
    for (std::string line; std::getline(lines, line);) rows += contains(line, " ± ") ? 1 : 0;
    CHECK(rows >= 3);
  }

  SUBCASE("is kept, with every run's metrics") {
    const json comparison = json::parse(read_file(out + "/compare.json"));
    REQUIRE(comparison["optimizers"].size() == 3);
    CHECK(comparison["seeds"] == json({5, 6}));
    CHECK(contains(result.out, comparison["conclusion"].get<std::string>()));
    for (const json& row : comparison["optimizers"]) {
      const std::string name = row["name"];
      for (const std::size_t i : {0, 1}) {
        const std::string metrics =
            read_file(out + "/" + name + "-seed-" + std::to_string(5 + i) + "/metrics.jsonl");
        CHECK(std::count(metrics.begin(), metrics.end(), '\n') == 2);
        const json last = json::parse(metrics.substr(metrics.find('\n') + 1));
        CHECK(row["test_accuracies"][i] == last["test_accuracy"]);
      }
    }
  }

  SUBCASE("holds what train gives for the same seed") {
    const std::string alone = folder / "alone";
    REQUIRE(run_program("train --optimizer sgd --seed 6 --out '" + alone + "'" + common).code == 0);
    const auto first_loss = [](const std::string& path) {
      const std::string text = read_file(path + "/metrics.jsonl");
      return json::parse(text.substr(0, text.find('\n')))["train_loss"];
    };
    CHECK(first_loss(alone) == first_loss(out + "/sgd-seed-6"));
  }
}

namespace {

// A folder with a tiny mnist and comparisons on it.
class Comparisons {
 public:
  Comparisons() { write_tiny_mnist(folder_.path()); }

  /// What the commands say of threads and processes.
  std::string threads = "--threads 2 ";

  fs::path operator/(const std::string& name) const { return folder_.path() / name; }

  std::string command(const std::string& name, const std::string& arguments) const {
    return "compare --data mnist --data-dir '" + folder_.path().string() + "' --out '" +
           (folder_ / name) + "' --hidden 16 --batch-size 20 " + threads + arguments;
  }

  ProgramResult compare(const std::string& name, const std::string& arguments) const {
    return run_program(command(name, arguments));
  }

  ProgramResult train(const std::string& arguments) const {
    return run_program("train " + arguments);
  }

  json result(const std::string& name) const {
    return json::parse(read_file(*this / name / "compare.json"));
  }

 private:
  TemporaryFolder folder_;
};

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("apps.compare.validation") {
  const Comparisons all;
  const std::string arguments =
      "--optimizers sgd,adam --epochs 3 --seeds 1,2 --validation 0.2 --label-noise 0.2 ";
  const ProgramResult result = all.compare("runs", arguments);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CHECK(contains(result.out, "160 of 200 training images, 40 for validation, 50 test images"));
  CHECK(contains(result.out, "optimizer     validation, %     test accuracy, %"));
  const json comparison = all.result("runs");
  CHECK(comparison["validation"] == 0.2);
  CHECK(comparison["label_noise"] == 0.2);
  CHECK(comparison["label_noise_kind"] == "symmetric");
  for (const json& row : comparison["optimizers"]) {
    for (const std::size_t i : {0, 1}) {
      std::istringstream lines(read_file(
          all / "runs" / (row["name"].get<std::string>() + "-seed-" + std::to_string(1 + i)) /
          "metrics.jsonl"));
      json last;
      json chosen;
      for (std::string line; std::getline(lines, line);) {
        last = json::parse(line);
        if (chosen.is_null() || last["validation_accuracy"] > chosen["validation_accuracy"]) {
          chosen = last;
        }
      }
      CHECK(row["validation_accuracies"][i] == last["validation_accuracy"]);
      CHECK(row["test_accuracies_of_best_validation"][i] == chosen["test_accuracy"]);
    }
  }
  CHECK(contains(read_file(all / "runs/report.html"), "validation 0.2, symmetric label noise 0.2"));
  const ProgramResult other = all.compare(
      "runs", "--optimizers sgd,adam --epochs 3 --seeds 1,2 --validation 0.3 --label-noise 0.2");
  CHECK(other.code == 1);
  CHECK(contains(other.err, "validation is 0.2 there and 0.3 here"));
  // What a seed leaves without a class is seen before the first run.
  const ProgramResult tiny = all.compare(
      "tiny", "--optimizers sgd,adam --seeds 1,2,3,4 --limit-per-class 1 --validation 0.5");
  CHECK(tiny.code == 2);
  CHECK(contains(tiny.err, "it needs a second image"));
  CHECK_FALSE(fs::exists(all / "tiny"));
}

TEST_CASE("apps.compare.diverging") {
  const Comparisons all;
  const std::string arguments =
      "--optimizers adam,sgd,fast=sgd --lr sgd=1e30,fast=0.1 --seeds 1,2 --epochs 2";
  const ProgramResult result = all.compare("runs", arguments);
  CAPTURE(result.out);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CHECK(result.err.empty());
  CHECK(contains(result.out, "sgd seed 1  diverged: the loss is not a number in epoch 1, step "));
  CHECK(contains(result.out, "sgd (lr 1e+30)"));
  CHECK(contains(result.out, "fast (sgd, lr 0.1)"));
  CHECK(contains(result.out, "diverged in 2 of 2 seeds\n"));
  CHECK_FALSE(contains(result.out, "nan"));

  const json comparison = all.result("runs");
  CHECK(comparison["complete"] == true);
  const json& rows = comparison["optimizers"];
  REQUIRE(rows.size() == 3);
  CHECK(rows[0]["finished"] == 2);
  CHECK(rows[1]["diverged"] == 2);
  CHECK(rows[1]["mean_test_accuracy"].is_null());
  CHECK(rows[1]["runs"][0]["end"] == "diverged");
  CHECK(rows[2]["name"] == "fast");
  CHECK(rows[2]["optimizer"] == "sgd");
  CHECK(rows[2]["label"] == "fast (sgd, lr 0.1)");
  CHECK(
      contains(read_file(all / "runs/fast-seed-1/config.toml"), "optimizer = \"sgd\"\nlr = 0.1\n"));
  CHECK(contains(read_file(all / "runs/report.html"), "diverged in 2 of 2 seeds"));

  SUBCASE("is not tried again") {
    const ProgramResult again = all.compare("runs", arguments);
    CHECK(again.code == 0);
    CHECK(contains(again.out, "6 of 6 runs are done"));
    CHECK(count_of(again.out, "(done before)") == 6);
    CHECK(all.result("runs") == comparison);
  }

  SUBCASE("another seed is added") {
    const ProgramResult more = all.compare("runs", arguments + " --seeds 1,2,3");
    // The option may be given once.
    CHECK(more.code == 2);
    const ProgramResult third = all.compare(
        "runs", "--optimizers adam,sgd,fast=sgd --lr sgd=1e30,fast=0.1 --seeds 1,2,3 --epochs 2");
    CHECK(third.code == 0);
    CHECK(count_of(third.out, "(done before)") == 6);
    CHECK(contains(third.out, "diverged in 3 of 3 seeds"));
    CHECK(all.result("runs")["optimizers"][0]["test_accuracies"].size() == 3);
  }
}

TEST_CASE("apps.compare.interrupted") {
  const Comparisons all;
  const std::string arguments = "--optimizers sgd,adam --seeds 1,2 --epochs 300";
  REQUIRE(all.compare("whole", arguments).code == 0);
  const json whole = all.result("whole");
  int interruptions = 0;
  // Where each of them stops depends on the machine; what comes out does not.
  for (const char* begun : {"sgd-seed-1", "adam-seed-1", "adam-seed-2"}) {
    RunningProgram program(all.command("parts", arguments));
    program.wait_for(all / "parts" / begun / "metrics.jsonl");
    program.send(SIGINT);
    const ProgramResult result = program.wait();
    CAPTURE(result.err);
    if (result.code == 0) break;
    ++interruptions;
    CHECK(result.code == 130);
    CHECK(result.err.starts_with("plastic: stopping after this batch; again to quit at once\n"));
    CHECK(contains(result.err, "give the same command again"));
    CHECK(contains(result.out, "So far:"));
    CHECK(contains(result.out, "not finished in "));
    CHECK_FALSE(contains(result.out, "nan"));
    const json so_far = all.result("parts");
    CHECK(so_far["complete"] == false);
    CHECK(so_far["optimizers"].size() == 2);
  }
  CHECK(interruptions > 0);
  const ProgramResult last = all.compare("parts", arguments);
  CAPTURE(last.err);
  CHECK(last.code == 0);
  CHECK(contains(last.out, "continued "));
  const json parts = all.result("parts");
  for (const std::size_t row : {0, 1}) {
    CHECK(parts["optimizers"][row]["test_accuracies"] ==
          whole["optimizers"][row]["test_accuracies"]);
  }
  for (const char* run : {"sgd-seed-1", "adam-seed-1", "sgd-seed-2", "adam-seed-2"}) {
    CHECK(timeless_metrics(all / "parts" / run) == timeless_metrics(all / "whole" / run));
    CHECK(read_file(all / "parts" / run / "checkpoint.safetensors") ==
          read_file(all / "whole" / run / "checkpoint.safetensors"));
  }
}

namespace {

const std::string all_runs[] = {"sgd-seed-1", "fast-seed-1", "sgd-seed-2", "fast-seed-2"};

// What depends on the time and on how the runs were made, left out.
json timeless(json comparison) {
  for (const char* name : {"jobs", "note"}) comparison.erase(name);
  for (json& row : comparison["optimizers"]) {
    row.erase("seconds");
    row.erase("mean_seconds");
    for (json& run : row["runs"]) run.erase("seconds");
  }
  return comparison;
}

void check_same_runs(const Comparisons& all, const std::string& one, const std::string& other) {
  CHECK(timeless(all.result(one)) == timeless(all.result(other)));
  for (const std::string& run : all_runs) {
    CAPTURE(run);
    for (const char* file : {"checkpoint.safetensors", "config.toml"}) {
      CHECK(read_file(all / one / run / file) == read_file(all / other / run / file));
    }
  }
}

}  // namespace

TEST_CASE("apps.compare.side_by_side") {
  Comparisons all;
  all.threads = "";
  // One of its rows diverges.
  const std::string arguments =
      "--optimizers sgd,fast=sgd --lr fast=1e30 --seeds 1,2 --epochs 4 --validation 0.2 ";
  const ProgramResult in_turn = all.compare("in turn", arguments + "--jobs 1");
  REQUIRE(in_turn.code == 0);
  CHECK_FALSE(contains(in_turn.out, "side by side"));
  CHECK(all.result("in turn")["jobs"] == json({1}));
  const ProgramResult both = all.compare("both", arguments + "--jobs 2");
  CAPTURE(both.err);
  REQUIRE(both.code == 0);
  CHECK(contains(both.out, "\n2 runs side by side, with a thread each\n"));
  CHECK(
      contains(both.out, "Seconds were measured with 2 runs side by side, with a thread each.\n"));
  CHECK(contains(both.out, "fast seed 2  diverged: the loss is not a number in epoch 1, step "));
  CHECK(all.result("both")["jobs"] == json({2}));
  CHECK(contains(read_file(all / "both/report.html"), "Seconds were measured with 2 runs side"));
  check_same_runs(all, "in turn", "both");

  // Another seed, one run after the other: the order is that of the seeds.
  const std::string more =
      "--optimizers sgd,fast=sgd --lr fast=1e30 --seeds 3,1,2 --epochs 4 --validation 0.2 ";
  const ProgramResult added = all.compare("both", more + "--jobs 1");
  CAPTURE(added.err);
  REQUIRE(added.code == 0);
  CHECK(contains(added.out, "4 of 6 runs are done"));
  CHECK(contains(added.out, "Seconds were measured partly with 2 runs side by side"));
  CHECK(all.result("both")["jobs"] == json({1, 2}));
  CHECK(all.result("both")["optimizers"][0]["runs"][0]["seed"] == 3);

  const ProgramResult threads = all.compare("other", arguments + "--jobs 2 --threads 3");
  CHECK(threads.code == 2);
  CHECK(contains(threads.err, "--jobs 2: runs side by side have a thread each, --threads 3"));
  CHECK(all.compare("other", arguments + "--jobs 0").code == 2);
}

TEST_CASE("apps.compare.side_by_side.interrupted_and_killed") {
  Comparisons all;
  all.threads = "--jobs 2 ";
  const std::string arguments = "--optimizers sgd,fast=sgd --lr fast=0.1 --seeds 1,2 --epochs 300";
  REQUIRE(all.compare("whole", arguments).code == 0);
  int cut = 0;
  for (const auto& [begun, signal] :
       {std::pair("fast-seed-1", SIGINT), std::pair("sgd-seed-2", SIGKILL),
        std::pair("fast-seed-2", SIGTERM)}) {
    RunningProgram program(all.command("parts", arguments));
    program.wait_for(all / "parts" / begun / "metrics.jsonl");
    program.send(signal);
    // As timeout does.
    if (signal == SIGINT) program.send(signal);
    const ProgramResult result = program.wait();
    CAPTURE(result.err);
    if (result.code == 0) break;
    ++cut;
    if (signal == SIGKILL) continue;
    CHECK(result.code == 130);
    CHECK(result.err.starts_with("plastic: stopping after this batch; again to quit at once\n"));
    CHECK(contains(result.err, "give the same command again"));
    CHECK(contains(result.out, "So far:"));
    CHECK(all.result("parts")["complete"] == false);
  }
  CHECK(cut > 0);
  const ProgramResult last = all.compare("parts", arguments);
  CAPTURE(last.err);
  REQUIRE(last.code == 0);
  check_same_runs(all, "whole", "parts");
}

TEST_CASE("apps.compare.side_by_side.an_epoch_under_way_is_saved") {
  const Comparisons all;
  // Steps for minutes in one epoch.
  const std::string arguments =
      "--optimizers sgd,adam --seeds 1 --epochs 1 --data digits --batch-size 1 --hidden 512,512";
  RunningProgram program("compare " + arguments + " --jobs 2 --out '" + (all / "runs").string() +
                         "'");
  for (const char* run : {"sgd-seed-1", "adam-seed-1"}) {
    program.wait_for(all / "runs" / run / "checkpoint.safetensors");
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  program.send(SIGTERM);
  CHECK(program.wait().code == 130);
  for (const char* run : {"sgd-seed-1", "adam-seed-1"}) {
    const auto checkpoint = plastic::apps::load_checkpoint(all / "runs" / run);
    REQUIRE(checkpoint);
    CHECK(checkpoint->epoch == 0);
    CHECK(plastic::apps::steps_into_epoch(checkpoint->state) > 0);
  }
}

TEST_CASE("apps.compare.killed") {
  const Comparisons all;
  const std::string arguments = "--optimizers sgd,adam --seeds 1 --epochs 200";
  REQUIRE(all.compare("whole", arguments).code == 0);
  for (const char* begun : {"sgd-seed-1", "adam-seed-1"}) {
    RunningProgram program(all.command("parts", arguments));
    program.wait_for(all / "parts" / begun / "metrics.jsonl");
    program.send(SIGKILL);
    program.wait();
  }
  CHECK(all.compare("parts", arguments).code == 0);
  CHECK(all.result("parts")["optimizers"][1]["test_accuracies"] ==
        all.result("whole")["optimizers"][1]["test_accuracies"]);
}

TEST_CASE("apps.compare.of_something_else") {
  const Comparisons all;
  const std::string arguments = "--optimizers sgd,adam --seeds 1,2 --epochs 1";
  REQUIRE(all.compare("runs", arguments).code == 0);
  const std::string before = read_file(all / "runs/compare.json");
  const auto check_refused = [&](const std::string& other, const std::string& reason) {
    CAPTURE(other);
    const ProgramResult result = all.compare("runs", other);
    CAPTURE(result.err);
    CHECK(result.code == 1);
    CHECK(contains(result.err, reason));
    CHECK(contains(result.err, "--overwrite"));
    CHECK(read_file(all / "runs/compare.json") == before);
  };
  check_refused("--optimizers sgd,adam --seeds 1,2 --epochs 2", "epochs is 1 there and 2 here");
  check_refused(arguments + " --lr 0.5", "lr is 0.01 there and 0.5 here");
  check_refused(arguments + " --fraction 0.5", "fraction is 1 there and 0.5 here");
  check_refused("--optimizers sgd,adam --seeds 1 --epochs 1",
                "-seed-2: is a run of another comparison");
  check_refused("--optimizers sgd,adamw --seeds 1,2 --epochs 1",
                ": is a run of another comparison");
  // Threads and where the data lies change no result.
  CHECK(all.compare("runs", "--optimizers sgd,adam --seeds 1,2 --epochs 1 --prefetch 1").code == 0);
  CHECK(all.compare("runs", "--optimizers sgd,adamw --seeds 1,2 --epochs 1 --overwrite").code == 0);
  CHECK(all.result("runs")["optimizers"][1]["name"] == "adamw");

  // A folder that no comparison wrote.
  fs::create_directory(all / "other");
  write_file(all / "other/notes.txt", "mine");
  CHECK(all.compare("other", arguments).code == 1);
}

TEST_CASE("apps.compare.runs_are_resumed") {
  const Comparisons all;
  const std::string arguments = "--optimizers sgd,adam --seeds 1 --epochs ";
  REQUIRE(all.compare("runs", arguments + "2").code == 0);
  REQUIRE(all.compare("longer", arguments + "3").code == 0);
  const std::string run = (all / "runs/adam-seed-1").string();
  CHECK(all.train("--resume '" + run + "' --epochs 3").code == 0);
  CHECK(timeless_metrics(run) == timeless_metrics(all / "longer/adam-seed-1"));
  CHECK(read_file(run + "/checkpoint.safetensors") ==
        read_file(all / "longer/adam-seed-1/checkpoint.safetensors"));

  // As earlier versions left them.
  fs::remove(run + "/checkpoint.safetensors");
  const ProgramResult refused = all.train("--resume '" + run + "'");
  CHECK(refused.code == 1);
  CHECK(contains(refused.err, "no checkpoint.safetensors to continue from"));
  fs::remove(all / "longer/adam-seed-1/checkpoint.safetensors");
  const ProgramResult again = all.compare("longer", arguments + "3");
  CHECK(again.code == 0);
  CHECK(count_of(again.out, "(done before)") == 2);
}

TEST_CASE("apps.compare.config") {
  const Comparisons all;
  write_file(all / "compare.toml",
             "optimizers = [\"sgd\", \"plain=sgd\", \"neuroplastic\"]\nseeds = [3]\nepochs = 1\n"
             "momentum = \"plain=0\"\n[np]\nplasticity-scale = \"neuroplastic=2\"\n");
  const ProgramResult result =
      all.compare("runs", "--config '" + (all / "compare.toml").string() + "'");
  CAPTURE(result.err);
  CHECK(result.code == 0);
  CHECK(contains(result.out, "plain (sgd, momentum 0)"));
  CHECK(
      contains(read_file(all / "runs/neuroplastic-seed-3/config.toml"), "plasticity-scale = 2\n"));
}

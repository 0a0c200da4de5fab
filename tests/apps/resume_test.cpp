// Runs that stop and continue.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "apps/runs/checkpoint.h"
#include "apps/training/training.h"
#include "plastic/core/safetensors.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

// A folder with a tiny mnist and the runs on it.
class Runs {
 public:
  Runs() { write_tiny_mnist(folder_.path()); }

  fs::path operator/(const std::string& name) const { return folder_.path() / name; }

  std::string new_run(const std::string& name, const std::string& arguments) const {
    return "train --data mnist --data-dir '" + folder_.path().string() + "' --out '" +
           (folder_ / name) + "' --hidden 16 --batch-size 30 --threads 2 " + arguments;
  }

  void train(const std::string& name, const std::string& arguments) const {
    require_done(new_run(name, arguments));
  }

  ProgramResult resume(const std::string& name, const std::string& arguments = "") const {
    return run_program("train --resume '" + (folder_ / name) + "' " + arguments);
  }

  static void require_done(const std::string& arguments) {
    const ProgramResult result = run_program(arguments);
    CAPTURE(arguments);
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
  }

  void check_same(const std::string& a, const std::string& b) const {
    CHECK(timeless_metrics(*this / a) == timeless_metrics(*this / b));
    for (const char* file : {"checkpoint.safetensors", "best.safetensors", "config.toml"}) {
      CAPTURE(file);
      CHECK(read_file(*this / a / file) == read_file(*this / b / file));
    }
  }

 private:
  TemporaryFolder folder_;
};

std::size_t line_count(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("apps.resume.bit_exact") {
  for (const char* optimizer :
       {"neuroplastic --paper --np.diagnostics",
        "grad-only",
        "sgd --lr-decay 0.9",
        "sgd --momentum 0 --warmup 1",
        "adam --weight-decay 0.01",
        "adamw --paper --warmup 1",
        "lion --beta1 0.8",
        "nadam --decoupled-weight-decay --weight-decay 0.1",
        "muon",
        "lamb",
        "adafactor",
        "prodigy --d0 0.001",
        "soap --precondition-frequency 7",
        "radam --beta2 0.9",
        "rmsprop --momentum 0.9 --centered",
        "schedule-free-sgd --lr 0.3 --warmup 1",
        "schedule-free-adamw --weight-decay 0.1",
        "sgd --nesterov --sam 0.05",
        "schedule-free-adamw --sam 0.5 --sam-adaptive",
        "neuroplastic --sam 0.05 --np.diagnostics",
        "neuroplastic --np.hybrid-base adamw",
        "neuroplastic --np.bounded-residual",
        "neuroplastic --np.orthogonal-residual --np.decoupled-weight-decay --weight-decay 0.01",
        "neuroplastic --np.hybrid-base sgd_momentum --fraction 0.9",
        "adam --fraction 0.9 --label-noise 0.3 --augment crop",
        "sgd --limit-per-class 12 --label-noise 0.4 --label-noise-kind pair"}) {
    CAPTURE(optimizer);
    const Runs runs;
    const std::string arguments =
        std::string("--dropout 0.3 --prefetch 2 --validation 0.2 --keep-best --optimizer ") +
        optimizer + " --epochs ";
    runs.train("whole", arguments + "4");
    runs.train("parts", arguments + "2");
    const ProgramResult result = runs.resume("parts", "--epochs 4");
    CHECK(result.code == 0);
    CHECK(contains(result.out, "after epoch 2 of 4"));
    CHECK(contains(result.out, "epoch 3/4"));
    CHECK_FALSE(contains(result.out, "epoch 2/4"));
    runs.check_same("whole", "parts");
  }
}

TEST_CASE("apps.resume.before_the_first_epoch") {
  const Runs runs;
  runs.train("whole", "--epochs 2 --validation 0.2 --keep-best");
  fs::create_directory(runs / "parts");
  fs::copy_file(runs / "whole/config.toml", runs / "parts/config.toml");
  CHECK(runs.resume("parts", "--keep-best").code == 0);
  runs.check_same("whole", "parts");
}

// Beginning again would replace what was done.
TEST_CASE("apps.resume.without_its_checkpoint") {
  const Runs runs;
  runs.train("run", "--epochs 2 --validation 0.2 --keep-best");
  const std::string metrics = read_file(runs / "run/metrics.jsonl");
  fs::remove(runs / "run/checkpoint.safetensors");
  for (const char* missing : {"", "metrics.jsonl"}) {
    if (*missing != '\0') fs::remove(runs / "run" / missing);
    const ProgramResult result = runs.resume("run", "--epochs 3");
    CAPTURE(result.err);
    CHECK(result.code == 1);
    CHECK(contains(result.err, "no checkpoint.safetensors to continue from"));
    CHECK(contains(result.err, "--config"));
    CHECK(contains(read_file(runs / "run/config.toml"), "epochs = 2\n"));
    if (*missing == '\0') CHECK(read_file(runs / "run/metrics.jsonl") == metrics);
  }
}

TEST_CASE("apps.resume.has_a_checkpoint_before_the_first_epoch") {
  const Runs runs;
  RunningProgram program(runs.new_run("run", "--epochs 1000000"));
  program.wait_for(runs / "run/checkpoint.safetensors");
  program.send(SIGKILL);
  program.wait();
  CHECK(runs.resume("run", "--epochs 3").code == 0);
  runs.train("whole", "--epochs 3");
  CHECK(timeless_metrics(runs / "run") == timeless_metrics(runs / "whole"));
}

TEST_CASE("apps.resume.diverged") {
  const Runs runs;
  const std::string arguments = runs.new_run("run", "--epochs 2 --optimizer sgd --lr 1e30");
  const ProgramResult result = run_program(arguments);
  CAPTURE(result.err);
  CHECK(result.code == 1);
  CHECK(
      contains(result.err, "[train] the run diverged: the loss is not a number in epoch 1, step "));
  CHECK(contains(result.err, "try a smaller --lr"));
  CHECK_FALSE(contains(result.err, "nan"));
  const std::string note = read_file(runs / "run/diverged.json");
  CHECK(contains(note, "\"epoch\":1"));
  // It does so again.
  CHECK(runs.resume("run").code == 1);
  CHECK(read_file(runs / "run/diverged.json") == note);
  // And leaves no trace in another run.
  runs.train("run", "--epochs 1 --overwrite");
  CHECK_FALSE(fs::exists(runs / "run/diverged.json"));
}

TEST_CASE("apps.resume.when_done") {
  const Runs runs;
  runs.train("run", "--epochs 2");
  const std::string checkpoint = read_file(runs / "run/checkpoint.safetensors");
  const ProgramResult result = runs.resume("run");
  CHECK(result.code == 0);
  CHECK(contains(result.out, "final test accuracy"));
  CHECK(read_file(runs / "run/checkpoint.safetensors") == checkpoint);
  const ProgramResult fewer = runs.resume("run", "--epochs 1");
  CHECK(fewer.code == 2);
  CHECK(contains(fewer.err, "has 2 already"));
  CHECK(contains(read_file(runs / "run/config.toml"), "epochs = 2\n"));
}

TEST_CASE("apps.resume.says_what_the_rate_will_do_with_another_number_of_epochs") {
  const Runs runs;
  for (const std::string schedule : {"cosine", "one-cycle"}) {
    CAPTURE(schedule);
    runs.train(schedule, "--optimizer sgd --lr 0.1 --epochs 2 --schedule " + schedule);
    const ProgramResult same = runs.resume(schedule);
    CHECK(same.code == 0);
    CHECK_FALSE(contains(same.out, "warning"));
    const ProgramResult more = runs.resume(schedule, "--epochs 4");
    CHECK(more.code == 0);
    CHECK(
        contains(more.out, "warning    the " + schedule +
                               " schedule is stretched from 2 to 4 epochs: the learning rate was"));
    CHECK_FALSE(contains(runs.resume(schedule, "--epochs 4").out, "warning"));
  }
  runs.train("constant", "--optimizer sgd --epochs 1");
  CHECK_FALSE(contains(runs.resume("constant", "--epochs 2").out, "warning"));
}

// As they were before devices and precisions could be chosen.
TEST_CASE("apps.resume.of_an_older_program") {
  const Runs runs;
  runs.train("whole", "--epochs 2");
  runs.train("parts", "--epochs 1");
  const auto without = [](std::string text, const std::string& line) {
    const std::size_t at = text.find(line);
    REQUIRE(at != std::string::npos);
    return text.erase(at, line.size());
  };
  auto checkpoint = plastic::apps::load_checkpoint(runs / "parts");
  std::string& config = checkpoint->config;
  config = without(without(config, "device = \"cpu\"\n"), "precision = \"f32\"\n");
  plastic::apps::save_checkpoint(runs / "parts", *checkpoint);
  write_file(runs / "parts/config.toml", config);
  CHECK(runs.resume("parts", "--epochs 2 --device cpu").code == 0);
  CHECK(timeless_metrics(runs / "whole") == timeless_metrics(runs / "parts"));
}

// As they were before the optimizers had so many options.
TEST_CASE("apps.resume.of_a_program_without_an_option") {
  const Runs runs;
  runs.train("whole", "--epochs 2 --optimizer adam");
  runs.train("parts", "--epochs 1 --optimizer adam");
  auto checkpoint = plastic::apps::load_checkpoint(runs / "parts");
  std::string& config = checkpoint->config;
  for (const std::string line :
       {"beta1 = 0.9\n", "beta2 = 0.999\n", "sam = 0\n", "sam-adaptive = false\n"}) {
    const std::size_t at = config.find(line);
    REQUIRE(at != std::string::npos);
    config.erase(at, line.size());
  }
  plastic::apps::save_checkpoint(runs / "parts", *checkpoint);
  write_file(runs / "parts/config.toml", config);
  CHECK(runs.resume("parts", "--epochs 2").code == 0);
  CHECK(timeless_metrics(runs / "whole") == timeless_metrics(runs / "parts"));
  // Another value than the default is another run.
  runs.train("other", "--epochs 1 --optimizer adam --beta2 0.9");
  auto changed = plastic::apps::load_checkpoint(runs / "other");
  changed->config = config;
  plastic::apps::save_checkpoint(runs / "other", *changed);
  const ProgramResult refused = runs.resume("other", "--epochs 2");
  CHECK(refused.code == 1);
  CHECK(contains(refused.err, "beta2 is 0.9 in config.toml, but 0.999 in the checkpoint"));
}

// Killed between metrics and checkpoint: the line of the epoch that does not count is written
// again.
TEST_CASE("apps.resume.metrics_ahead") {
  const Runs runs;
  runs.train("whole", "--epochs 3 --validation 0.2 --keep-best");
  runs.train("parts", "--epochs 2 --validation 0.2 --keep-best");
  const std::string metrics = read_file(runs / "parts/metrics.jsonl");
  write_file(runs / "parts/metrics.jsonl", metrics + "{\"epoch\":3,\"train_");
  CHECK(runs.resume("parts", "--epochs 3").code == 0);
  runs.check_same("whole", "parts");
}

TEST_CASE("apps.resume.refuses") {
  const Runs runs;
  runs.train("run", "--epochs 1");
  const auto check_refused = [&](const std::string& arguments, int code, const char* reason) {
    CAPTURE(arguments);
    const ProgramResult result = runs.resume("run", arguments);
    CAPTURE(result.err);
    CHECK(result.code == code);
    CHECK(contains(result.err, reason));
  };
  check_refused("--lr 0.1", 2, "leave out --lr");
  check_refused("--out elsewhere --seed 3", 2, "leave out");
  check_refused("--config x.toml", 2, "leave out --config");
  check_refused("--precision f32", 2, "leave out --precision");
  check_refused("--device cuda:99", 1, "cuda:99 is not available");
  const ProgramResult none = runs.resume("nothing");
  CHECK(none.code == 1);
  CHECK(contains(none.err, "no run was begun there"));

  const std::string config = read_file(runs / "run/config.toml");
  std::string changed = config;
  changed.replace(changed.find("hidden = [16]"), 13, "hidden = [17]");
  write_file(runs / "run/config.toml", changed);
  check_refused("", 1, "hidden is 17 in config.toml, but 16 in the checkpoint");
  write_file(runs / "run/config.toml", config);

  const std::string metrics = read_file(runs / "run/metrics.jsonl");
  write_file(runs / "run/metrics.jsonl", "");
  check_refused("", 1, "holds 0 epochs, but the checkpoint 1");
  write_file(runs / "run/metrics.jsonl", "{}\n");
  check_refused("", 1, "metrics.jsonl: line 1");
  fs::remove(runs / "run/metrics.jsonl");
  check_refused("", 1, "metrics.jsonl: cannot read it: No such file");
  // Not a pipe to wait for.
  fs::create_directory(runs / "run/metrics.jsonl");
  check_refused("", 1, "metrics.jsonl: cannot read it");
  fs::remove(runs / "run/metrics.jsonl");
  write_file(runs / "run/metrics.jsonl", metrics);

  const std::string checkpoint = read_file(runs / "run/checkpoint.safetensors");
  write_file(runs / "run/checkpoint.safetensors", checkpoint.substr(0, checkpoint.size() / 2));
  check_refused("--epochs 2", 1, "[safetensors] ");
  std::string flipped = checkpoint;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  write_file(runs / "run/checkpoint.safetensors", flipped);
  check_refused("--epochs 2", 1, "damaged");
  plastic::save_safetensors(runs / "run/checkpoint.safetensors", {});
  check_refused("--epochs 2", 1, "is not a checkpoint");
  write_file(runs / "run/checkpoint.safetensors", checkpoint);
  CHECK(runs.resume("run", "--epochs 2").code == 0);
}

TEST_CASE("apps.resume.prefetch_changes_nothing") {
  const Runs runs;
  runs.train("none", "--epochs 2");
  for (const char* threads : {"1", "3"}) {
    const std::string name = std::string("prefetch-") + threads;
    runs.train(name, std::string("--epochs 2 --prefetch ") + threads);
    CHECK(timeless_metrics(runs / "none") == timeless_metrics(runs / name));
  }
}

TEST_CASE("apps.resume.interrupted") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    const Runs runs;
    RunningProgram program(runs.new_run("run", "--epochs 1000000"));
    program.wait_for(runs / "run/metrics.jsonl");
    program.send(signal);
    const ProgramResult result = program.wait();
    CHECK(result.code == 130);
    CHECK(result.err.starts_with("plastic: stopping after this batch; again to quit at once\n"));
    CHECK(contains(result.err, "plastic: interrupted "));
    CHECK(contains(result.err, "plastic train --resume " + (runs / "run").string()));

    // What was done of the epoch under way is saved too, and takes up where it was.
    const int done = plastic::apps::load_checkpoint(runs / "run")->epoch;
    CHECK(line_count(read_file(runs / "run/metrics.jsonl")) == static_cast<std::size_t>(done));
    const ProgramResult resumed = runs.resume("run", "--epochs " + std::to_string(done + 1));
    CHECK(resumed.code == 0);
    runs.train("whole", "--epochs " + std::to_string(done + 1));
    CHECK(timeless_metrics(runs / "run") == timeless_metrics(runs / "whole"));
    CHECK(read_file(runs / "run/checkpoint.safetensors") ==
          read_file(runs / "whole/checkpoint.safetensors"));
  }
}

// The steps of the epoch under way are not dropped without a word.
TEST_CASE("apps.resume.fewer_epochs_than_are_under_way") {
  const Runs runs;
  RunningProgram program(runs.new_run("run", "--epochs 1000000"));
  program.wait_for(runs / "run/metrics.jsonl");
  program.send(SIGINT);
  CHECK(program.wait().code == 130);
  auto checkpoint = plastic::apps::load_checkpoint(runs / "run");
  // An interrupt may come between two epochs: then the run is continued until one comes within one.
  for (int more = 1; plastic::apps::steps_into_epoch(checkpoint->state) == 0; ++more) {
    REQUIRE(more < 100);
    RunningProgram again("train --resume '" + (runs / "run").string() + "'");
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + 7 * more));
    again.send(SIGINT);
    again.wait();
    checkpoint = plastic::apps::load_checkpoint(runs / "run");
  }
  const std::string done = std::to_string(checkpoint->epoch);
  const std::string config = read_file(runs / "run/config.toml");
  const ProgramResult fewer = runs.resume("run", "--epochs " + done);
  CAPTURE(fewer.err);
  CHECK(fewer.code == 2);
  CHECK(contains(fewer.err, "is in epoch " + std::to_string(checkpoint->epoch + 1) + ", of which"));
  CHECK(read_file(runs / "run/config.toml") == config);
}

TEST_CASE("apps.resume.early_stopping_and_best") {
  const Runs runs;
  runs.train("run",
             "--epochs 200 --optimizer adam --lr 0.003 --validation 0.2 --early-stopping 3 "
             "--keep-best");
  const std::size_t epochs = line_count(read_file(runs / "run/metrics.jsonl"));
  CHECK(epochs < 200);
  const plastic::Safetensors best = plastic::load_safetensors(runs / "run/best.safetensors");
  CHECK(best.metadata.at("epoch") == std::to_string(epochs - 3));
  CHECK(best.tensors.size() == 4);
  // Going on changes nothing, as the run has ended.
  CHECK(contains(runs.resume("run").out, "stopped early: nothing better in 3 epochs"));
  CHECK(line_count(read_file(runs / "run/metrics.jsonl")) == epochs);
}

// As they were before a part of the training set could be set aside.
TEST_CASE("apps.resume.a_run_that_chooses_by_the_test_set") {
  const Runs runs;
  runs.train("run", "--epochs 1");
  const ProgramResult added = runs.resume("run", "--epochs 2 --keep-best");
  CAPTURE(added.err);
  CHECK(added.code == 2);
  CHECK(contains(added.err, "--keep-best: needs a part of the training set to choose by"));
  CHECK(contains(added.err, "--validation 0.1 --out FOLDER"));
  CHECK(contains(read_file(runs / "run/config.toml"), "epochs = 1\n"));

  std::string config = read_file(runs / "run/config.toml");
  config.insert(config.find("threads = "), "keep-best = true\nearly-stopping = 9\n");
  write_file(runs / "run/config.toml", config);
  const ProgramResult older = runs.resume("run", "--epochs 2");
  CAPTURE(older.err);
  CHECK(older.code == 0);
  CHECK(contains(older.out, "warning    --keep-best chooses by the test set"));
  CHECK(contains(older.out, "warning    --early-stopping chooses by the test set"));
  CHECK(contains(older.out, "best test accuracy "));
  CHECK(fs::exists(runs / "run/best.safetensors"));
  // Nor is it a way to begin another such run.
  const ProgramResult repeated =
      run_program("train --config '" + (runs / "run/config.toml").string() + "' --out '" +
                  (runs / "again").string() + "'");
  CHECK(repeated.code == 2);
  CHECK(contains(repeated.err, "give --validation 0.1, or leave out --keep-best"));
  CHECK_FALSE(fs::exists(runs / "again"));
}

TEST_CASE("apps.resume.overwrite_leaves_no_old_checkpoint") {
  const Runs runs;
  runs.train("run", "--epochs 2 --validation 0.2 --keep-best");
  runs.train("run", "--epochs 1 --overwrite");
  CHECK(plastic::apps::load_checkpoint(runs / "run")->epoch == 1);
  CHECK_FALSE(fs::exists(runs / "run/best.safetensors"));
}

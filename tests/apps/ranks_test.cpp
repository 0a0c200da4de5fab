// Trainings on several processes, started by mpirun.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "apps/runs/checkpoint.h"
#include "tests/apps/mpirun.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

class Runs {
 public:
  Runs() { write_tiny_mnist(folder_.path()); }

  std::string arguments(const std::string& name, const std::string& more) const {
    std::string all = "train --data mnist --data-dir '" + folder_.path().string() + "' --out '" +
                      (folder_ / name) + "' --threads 1 " + more;
    if (!contains(more, "--batch-size")) all += " --batch-size 30";
    if (contains(more, "--model")) return all;
    if (!contains(more, "--hidden")) all += " --hidden 16";
    return all + " --dropout 0.2";
  }
  std::string resume(const std::string& name, const std::string& more) const {
    return "train --resume '" + (folder_ / name) + "' " + more;
  }
  fs::path operator/(const std::string& name) const { return folder_.path() / name; }

  void check_same(const std::string& a, const std::string& b) const {
    CHECK(timeless_metrics(*this / a) == timeless_metrics(*this / b));
    for (const char* file : {"checkpoint.safetensors", "config.toml"}) {
      CAPTURE(file);
      CHECK(read_file(*this / a / file) == read_file(*this / b / file));
    }
  }

 private:
  TemporaryFolder folder_;
};

void require_done(const std::string& arguments, int ranks) {
  const ProgramResult result = run_program(arguments, ranks == 0 ? "" : mpirun(ranks));
  CAPTURE(arguments);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
}

TEST_CASE("apps.ranks.same_bits") {
  if (!has_mpirun()) return;
  const Runs runs;
  const std::string options =
      "--shards 8 --epochs 2 --validation 0.1 --label-noise 0.1 --augment crop --prefetch 1 "
      "--keep-best --early-stopping 2 --np.diagnostics --probe 3";
  require_done(runs.arguments("one", options), 0);
  for (const int ranks : {2, 3}) {
    CAPTURE(ranks);
    const std::string name = "on-" + std::to_string(ranks);
    require_done(runs.arguments(name, options), ranks);
    runs.check_same("one", name);
    for (const char* file : {"best.safetensors", "probe.jsonl"}) {
      CAPTURE(file);
      CHECK(read_file(runs / "one" / file) == read_file(runs / name / file));
    }
  }
}

TEST_CASE("apps.ranks.same_bits.batch_normalisation_and_two_gradients_per_step") {
  if (!has_mpirun()) return;
  const Runs runs;
  // The running statistics of averaged weights are computed apart.
  const std::string options =
      "--shards 4 --epochs 1 --model resnet18 --limit-per-class 1 --batch-size 7 "
      "--optimizer schedule-free-sgd --sam 0.05";
  require_done(runs.arguments("one", options), 0);
  require_done(runs.arguments("two", options), 2);
  runs.check_same("one", "two");
}

TEST_CASE("apps.ranks.resumes_on_another_number") {
  if (!has_mpirun()) return;
  const Runs runs;
  require_done(runs.arguments("straight", "--shards 8 --epochs 3 --optimizer adam"), 0);
  require_done(runs.arguments("moved", "--epochs 1 --optimizer adam"), 3);
  require_done(runs.resume("moved", "--epochs 2"), 2);
  require_done(runs.resume("moved", "--epochs 3"), 0);
  runs.check_same("straight", "moved");
}

TEST_CASE("apps.ranks.threads_are_shared_out_anew") {
  if (!has_mpirun()) return;
  const Runs runs;
  require_done(runs.arguments("run", "--shards 2 --epochs 1"), 0);
  std::string config = read_file(runs / "run" / "config.toml");
  const std::string before = "\nthreads = 1\n";
  config.replace(config.find(before), before.size(), "\nthreads = 61\n");
  write_file(runs / "run" / "config.toml", config);
  const ProgramResult own = run_program(runs.resume("run", "--epochs 2"), mpirun(2));
  REQUIRE(own.code == 0);
  CHECK_FALSE(contains(own.out, "61 threads"));
  const ProgramResult asked = run_program(runs.resume("run", "--epochs 3 --threads 3"), mpirun(2));
  REQUIRE(asked.code == 0);
  CHECK(contains(asked.out, "3 threads"));
}

TEST_CASE("apps.ranks.stops_and_continues") {
  if (!has_mpirun()) return;
  const Runs runs;
  for (const int signal : {SIGTERM, SIGUSR1}) {
    CAPTURE(signal);
    const std::string name = "stopped-" + std::to_string(signal);
    // They print more than a terminal or pipe holds for a reader that waits.
    RunningProgram program(runs.arguments(name, "--epochs 1000000"), patient_mpirun(2));
    program.wait_for(runs / name / "metrics.jsonl");
    program.send(signal);
    const ProgramResult stopped = program.wait();
    CHECK(stopped.code != 0);
    CHECK(contains(stopped.err, "all of it is saved"));
    const std::optional<plastic::apps::Checkpoint> saved =
        plastic::apps::load_checkpoint_head(runs / name);
    REQUIRE(saved);
    const std::string epochs = std::to_string(saved->epoch + 2);
    require_done(runs.resume(name, "--epochs " + epochs), 3);
    require_done(runs.arguments("straight-" + name, "--shards 8 --epochs " + epochs), 0);
    runs.check_same("straight-" + name, name);
  }
}

TEST_CASE("apps.ranks.a_rank_that_dies_ends_all") {
  if (!has_mpirun()) return;
  const Runs runs;
  RunningProgram program(runs.arguments("run", "--epochs 1000000"), mpirun(2));
  program.wait_for(runs / "run" / "metrics.jsonl");
  const std::string kill_one =
      "kill -9 $(pgrep -f '^[^ ]*plastic train.*" + (runs / "run").string() + "' | tail -n 1)";
  const auto begun = std::chrono::steady_clock::now();
  REQUIRE(std::system(kill_one.c_str()) == 0);
  const ProgramResult ended = program.wait();
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
  CHECK(ended.code != 0);
  CHECK(contains(ended.err, {"process rank", "signal 9"}));
  const std::optional<plastic::apps::Checkpoint> saved =
      plastic::apps::load_checkpoint_head(runs / "run");
  REQUIRE(saved);
  CHECK(saved->epoch > 0);
  const std::string epochs = std::to_string(saved->epoch + 1);
  require_done(runs.resume("run", "--epochs " + epochs), 2);
  require_done(runs.arguments("straight", "--shards 8 --epochs " + epochs), 0);
  runs.check_same("straight", "run");
}

TEST_CASE("apps.ranks.refused") {
  if (!has_mpirun()) return;
  const Runs runs;
  const auto refused = [&](const std::string& arguments) {
    const ProgramResult result = run_program(arguments, mpirun(2));
    CHECK(result.code != 0);
    return result.err;
  };
  CHECK(contains(refused("compare"), {"compare runs in one process", "without mpirun"}));
  CHECK(contains(refused(runs.arguments("few", "--shards 1")), {"--shards 1", "2 ranks"}));
  CHECK(contains(refused(runs.arguments("none", "--shards none")),
                 {"--shards none", "whole batches", "2"}));
  require_done(runs.arguments("whole", "--epochs 1"), 0);
  // What is in the folder stays there.
  const std::string before = read_file(runs / "whole" / "checkpoint.safetensors");
  CHECK(contains(refused(runs.arguments("whole", "--overwrite --shards 1")),
                 {"--shards 1", "2 ranks"}));
  CHECK(read_file(runs / "whole" / "checkpoint.safetensors") == before);
  CHECK(contains(refused(runs.resume("whole", "--epochs 2")),
                 {"this run computes whole batches", "continue it without mpirun"}));
  // Ranks that were given different options.
  const std::string other =
      mpirun(1) + "'" + program_path() + "' " + runs.arguments("other", "--lr 0.2") + " : -n 1 ";
  const ProgramResult result = run_program(runs.arguments("other", "--lr 0.1"), other);
  CHECK(result.code != 0);
  CHECK(contains(result.err, {"rank 1 has another configuration than rank 0", "lr = 0.1"}));
}

TEST_CASE("apps.ranks.refused.one_of_them") {
  if (!has_mpirun()) return;
  const Runs runs;
  const auto error_of = [](const std::string& first, const std::string& second) {
    const std::string launcher = mpirun(1) + "'" + program_path() + "' " + first + " : -n 1 ";
    const ProgramResult result = run_program(second, launcher);
    CHECK(result.code != 0);
    return result.err;
  };
  // They would wait for each other.
  const std::string train = runs.arguments("run", "--epochs 1 --shards 8");
  CHECK(contains(error_of(train, "info"), "another command than rank 0: info and train"));
  CHECK(contains(error_of(train, "--version"), "another command than rank 0"));
  CHECK(contains(error_of("train --help", train), "rank 1 has another command"));
  // A folder that one of them does not see.
  require_done(train, 0);
  const std::string before = read_file(runs / "run" / "checkpoint.safetensors");
  const std::string seen = runs.resume("run", "--epochs 2");
  const std::string unseen = runs.resume("elsewhere", "--epochs 2");
  CHECK(contains(error_of(seen, unseen), {"plastic: rank 1: [resume]", "no run was begun there"}));
  CHECK(contains(error_of(unseen, seen), {"plastic: [resume]", "no run was begun there"}));
  CHECK(read_file(runs / "run" / "checkpoint.safetensors") == before);
  require_done(seen, 2);
}

TEST_CASE("apps.ranks.share_a_machine_whatever_the_launcher_tells") {
  if (!has_mpirun()) return;
  const auto threads = [](const std::string& launcher) {
    const ProgramResult result =
        run_program("train --limit-per-class 2 --epochs 1", mpirun(2) + launcher);
    REQUIRE(result.code == 0);
    const std::size_t end = result.out.find(" thread");
    REQUIRE(end != std::string::npos);
    const std::size_t begin = result.out.rfind(' ', end - 1);
    return result.out.substr(begin, end - begin);
  };
  CHECK(threads("") == threads("env -u OMPI_COMM_WORLD_LOCAL_SIZE "));
}

TEST_CASE("apps.ranks.one_that_has_no_memory_left_ends_all") {
  if (!has_mpirun()) return;
  const Runs runs;
  write_file(runs / "limited", "ulimit -v 700000; exec \"$@\"\n");
  const std::string options = runs.arguments("big", "--hidden 40000 --epochs 1 --shards 2");
  const std::string launcher = mpirun(1) + "'" + program_path() + "' " + options + " : -n 1 sh '" +
                               (runs / "limited").string() + "' ";
  const ProgramResult result = run_program(options, launcher);
  CHECK(result.code != 0);
  CHECK(contains(result.err, "memory"));
  CHECK_FALSE(contains(result.err, "timeout"));
}

TEST_CASE("apps.ranks.more_shards_than_threads_can_be_started") {
  if (failing_calls().empty()) {
    MESSAGE("skipped: a sanitizer has memory in hand");
    return;
  }
  const Runs runs;
  const ProgramResult result =
      run_program(runs.arguments("many", "--epochs 1 --batch-size 200 --shards 1000"),
                  "ulimit -s 8192; ulimit -v 1500000; ");
  CHECK(result.code == 1);
  CHECK(contains(result.err, {"cannot start thread", "one for each shard", "give fewer shards"}));
}

TEST_CASE("apps.ranks.plain_sums") {
  if (!has_mpirun()) return;
  const Runs runs;
  const ProgramResult done =
      run_program(runs.arguments("plain", "--shards 0 --epochs 1"), mpirun(2));
  REQUIRE(done.code == 0);
  // A file is no terminal, though mpirun gives its processes one.
  CHECK_FALSE(contains(done.out, "\r"));
  CHECK(contains(read_file(runs / "plain" / "config.toml"), "shards = 0"));
}

}  // namespace

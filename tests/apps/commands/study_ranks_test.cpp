// plastic study and tune on several ranks: the same bytes as on one, however often ranks are
// killed.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/apps/mpirun.h"
#include "tests/apps/program.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text.h"

using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

// A search and a verdict, whose settings it decides; one variant diverges.
std::string study_text(int epochs) {
  return "data = 'digits'\nfraction = 0.02\nvalidation = 0.2\nhidden = [16]\nbatch-size = 50\n"
         "epochs = " +
         std::to_string(epochs) +
         "\noptimizers = ['sgd', 'adam']\nseeds = [1, 2, 3]\n[variant.wild]\noptimizer = 'sgd'\n"
         "lr = 1e30\n[tuning]\ntrials = 3\nseeds = [101, 102]\n"
         "[search.adam]\nlr = { log = [1e-4, 1e-1] }\n";
}

constexpr std::size_t runs = 3 * 2 + 3 * 3;

// A folder with a study's file, on which it is carried out in several ways.
class Study {
 public:
  explicit Study(int epochs) { write_file(folder_.path() / "a.toml", study_text(epochs)); }

  fs::path operator/(const std::string& name) const { return folder_.path() / name; }
  std::string command(const std::string& out, const std::string& arguments = "--jobs 1") const {
    return "study '" + (folder_ / "a.toml") + "' --out '" + (folder_ / out) + "' " + arguments;
  }
  std::string results(const std::string& out) const {
    return read_file(*this / out / "results.jsonl");
  }
  // How many runs have ended.
  std::size_t journal_lines(const std::string& out) const {
    std::ifstream journal(*this / out / "journal.jsonl");
    std::size_t count = 0;
    for (std::string line; std::getline(journal, line);) ++count;
    return count;
  }
  void wait_for_lines(const std::string& out, std::size_t count) const {
    constexpr int tries = 60'000;
    for (int i = 0; i < tries && journal_lines(out) < count; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    REQUIRE(journal_lines(out) >= count);
  }

 private:
  TemporaryFolder folder_;
};

// The processes that a process has started: the ranks of mpirun.
std::vector<int> children_of(int process) {
  std::vector<int> all;
  const fs::path tasks = "/proc/" + std::to_string(process) + "/task";
  for (const fs::directory_entry& task : fs::directory_iterator(tasks)) {
    std::ifstream children(task.path() / "children");
    for (int child = 0; children >> child;) all.push_back(child);
  }
  return all;
}

}  // namespace

TEST_CASE("apps.study_ranks.the_same_bytes_on_any_number_of_ranks") {
  if (!has_mpirun()) return;
  const Study study(2);
  REQUIRE(run_program(study.command("one", "--jobs 2")).code == 0);
  for (const int ranks : {2, 3}) {
    CAPTURE(ranks);
    const std::string out = "on" + std::to_string(ranks);
    const ProgramResult result = run_program(study.command(out), mpirun(ranks));
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    CHECK(contains(result.out, std::to_string(runs) + " runs, 6 of them for tuning"));
    CHECK(contains(result.out,
                   std::to_string(ranks) + " at a time on " + std::to_string(ranks) + " ranks"));
    CHECK(study.results(out) == study.results("one"));
    CHECK(read_file(study / out / "summary.json") == read_file(study / "one/summary.json"));
  }
}

TEST_CASE("apps.study_ranks.a_killed_rank_ends_all_and_another_number_continues") {
  if (!has_mpirun()) return;
  const Study study(60);
  REQUIRE(run_program(study.command("whole", "--jobs 2")).code == 0);
  // The first rank, then another one.
  for (const std::size_t victim : {0, 1}) {
    CAPTURE(victim);
    const std::size_t before = study.journal_lines("parts");
    RunningProgram program(study.command("parts"), mpirun(3));
    study.wait_for_lines("parts", before + 3);
    const std::vector<int> ranks = children_of(program.process());
    REQUIRE(ranks.size() == 3);
    REQUIRE(kill(ranks[victim], SIGKILL) == 0);
    CHECK(program.wait().code != 0);
    CHECK(study.journal_lines("parts") >= before + 3);
  }
  const ProgramResult last = run_program(study.command("parts"), mpirun(2));
  CAPTURE(last.err);
  REQUIRE(last.code == 0);
  CHECK_FALSE(contains(last.out, "; 0 done"));
  CHECK(study.results("parts") == study.results("whole"));
}

TEST_CASE("apps.study_ranks.an_interrupt_keeps_what_is_done") {
  if (!has_mpirun()) return;
  const Study study(60);
  REQUIRE(run_program(study.command("whole", "--jobs 2")).code == 0);
  // One signal to one rank alone: it is passed on to the first, which stops all.
  for (const std::size_t victim : {0, 2}) {
    CAPTURE(victim);
    RunningProgram program(study.command("parts"), mpirun(3));
    study.wait_for_lines("parts", 2);
    const std::vector<int> ranks = children_of(program.process());
    REQUIRE(ranks.size() == 3);
    REQUIRE(kill(ranks[victim], SIGTERM) == 0);
    const ProgramResult result = program.wait();
    CAPTURE(result.err);
    CHECK(result.code == 130);
    CHECK(contains(result.out, "So far:"));
    CHECK(contains(result.err, "done and saved"));
    CHECK_FALSE(fs::exists(study / "parts/journal.jsonl"));
  }
  REQUIRE(run_program(study.command("parts", "--jobs 2")).code == 0);
  CHECK(study.results("parts") == study.results("whole"));
}

TEST_CASE("apps.study_ranks.what_differs_is_refused_before_the_first_run") {
  if (!has_mpirun()) return;
  const Study study(2);
  write_file(study / "b.toml", study_text(3));
  // mpirun's colon goes before what the ranks that follow run.
  const std::string first = mpirun(1) + "'" + program_path() + "' " + study.command("out");
  const ProgramResult result = run_program(
      "study '" + (study / "b.toml").string() + "' --out '" + (study / "out").string() + "'",
      first + " : -n 1 ");
  CHECK(result.code == 1);
  CHECK(contains(result.err, "rank 1 has another study than rank 0: epochs = 3 and epochs = 2"));
  CHECK_FALSE(fs::exists(study / "out/study.toml"));
}

TEST_CASE("apps.study_ranks.a_search_is_shared_out_and_a_range_test_is_not") {
  if (!has_mpirun()) return;
  const TemporaryFolder folder;
  const std::string arguments =
      "tune --fraction 0.02 --hidden 16 --epochs 1 --optimizer sgd --seeds 1,2 ";
  const auto search = [&](const std::string& out) {
    return arguments + "--trials 2 --jobs 1 --out '" + (folder / out) + "'";
  };
  REQUIRE(run_program(search("one")).code == 0);
  const ProgramResult result = run_program(search("two"), mpirun(2));
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CHECK(contains(result.out, "To train with the settings found"));
  CHECK(read_file(folder / "two/results.jsonl") == read_file(folder / "one/results.jsonl"));

  const ProgramResult range =
      run_program(arguments + "--out '" + (folder / "range") + "'", mpirun(2));
  CHECK(range.code == 2);
  CHECK(contains(range.err, "runs in one process, and this is one of 2"));
  const ProgramResult dry = run_program(search("dry") + " --dry-run", mpirun(2));
  CHECK(dry.code == 2);
  CHECK(contains(dry.err, "--dry-run runs in one process"));
}

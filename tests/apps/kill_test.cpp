// SIGKILL at any moment costs nothing but the epoch under way. scripts/kill-test is the long form.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "plastic/core/random.h"
#include "tests/apps/program.h"

using namespace plastic::test;
namespace fs = std::filesystem;

TEST_CASE("apps.kill.loses_nothing") {
  constexpr int kills = 10;
  const TemporaryFolder folder;
  const std::string settings =
      " --fraction 0.02 --hidden 16 --batch-size 50 --epochs 30 --threads 2 "
      "--validation 0.2 --keep-best";
  const std::string whole = folder / "whole";
  const std::string parts = folder / "parts";
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  REQUIRE(run_program("train --out '" + whole + "'" + settings).code == 0);
  const std::chrono::duration<double> duration = Clock::now() - start;

  const auto arguments = [&] {
    // Before its configuration is there, a run has not begun.
    const bool has_begun = fs::exists(fs::path(parts) / "config.toml");
    return has_begun ? "train --resume '" + parts + "'"
                     : "train --overwrite --out '" + parts + "'" + settings;
  };
  plastic::Generator generator{.seed = 7};
  int killed = 0;
  for (int i = 0; i < kills; ++i) {
    RunningProgram program(arguments());
    std::this_thread::sleep_for(duration * generator.next_float());
    program.send(SIGKILL);
    const ProgramResult result = program.wait();
    CAPTURE(result.err);
    CHECK((result.code == -1 || result.code == 0));
    killed += result.code == -1 ? 1 : 0;
  }
  CHECK(killed > 0);
  const ProgramResult last = run_program(arguments());
  CAPTURE(last.err);
  REQUIRE(last.code == 0);
  CHECK(timeless_metrics(parts) == timeless_metrics(whole));
  for (const char* file : {"checkpoint.safetensors", "best.safetensors", "config.toml"}) {
    CAPTURE(file);
    CHECK(read_file(fs::path(parts) / file) == read_file(fs::path(whole) / file));
  }
}

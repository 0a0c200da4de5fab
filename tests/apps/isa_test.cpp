// The program at each level of vector instructions. What the levels compute is tested by running
// the cases of operations and optimizers with PLASTIC_ISA set (tests/CMakeLists.txt).
#include <doctest/doctest.h>

#include <string>

#include "core/cpu/level_worth.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

namespace plastic::test {
namespace {

std::string with_isa(const std::string& name) { return "export PLASTIC_ISA='" + name + "'; "; }

TEST_CASE("apps.isa.info_names_the_level_in_use") {
  for (const cpu::Level level : cpu::built_levels()) {
    CAPTURE(to_string(level));
    const ProgramResult result = run_program("info", with_isa(std::string(to_string(level))));
    if (!cpu::is_supported(level)) {
      CHECK(result.code == 1);
      CHECK_MESSAGE(contains(result.err, "and this processor lacks AVX"), result.err);
      CHECK_FALSE(contains(result.err, "bytes"));
      continue;
    }
    CHECK(result.code == 0);
    CHECK_MESSAGE(contains(result.out, "vector instructions  " + cpu::description(level)),
                  result.out);
    if (cpu::built_levels().size() == 1) continue;
    CHECK(contains(result.out, "PLASTIC_ISA may name "));
    CHECK(contains(result.out, std::string(to_string(level)) + " (used)"));
  }
}

TEST_CASE("apps.isa.what_is_no_level_is_an_error_before_a_command_begins") {
  for (const char* command :
       {"train --data digits --epochs 1 --out /nowhere/run", "compare --out /nowhere/run",
        "curvature /nowhere", "landscape /nowhere", "predict --checkpoint /nowhere image.png",
        "data list"}) {
    CAPTURE(command);
    const ProgramResult result = run_program(command, with_isa("sse9"));
    CHECK(result.code == 1);
    CHECK(result.out.empty());
    CHECK_MESSAGE(result.err.starts_with("plastic: [cpu] PLASTIC_ISA is \"sse9\""), result.err);
    CHECK_MESSAGE(contains(result.err, "baseline"), result.err);
    CHECK_FALSE(contains(result.err, "--help"));
  }
  for (const char* command : {"--version", "help train", "train --help"}) {
    CAPTURE(command);
    CHECK(run_program(command, with_isa("sse9")).code == 0);
  }
}

TEST_CASE("apps.isa.info_says_what_is_wrong_and_goes_on") {
  const ProgramResult result = run_program("info", with_isa("sse9"));
  CHECK(result.code == 1);
  CHECK_MESSAGE(contains(result.out, {"\nvector instructions  [cpu] PLASTIC_ISA is \"sse9\"",
                                      "\nthreads  ", "\nprecisions  ", "\ndata sets\n"}),
                result.out);
  CHECK(contains(result.err, "plastic: [cpu] PLASTIC_ISA is \"sse9\""));
}

TEST_CASE("apps.isa.a_run_in_bf16_says_what_computes_it") {
  const TemporaryFolder folder;
  const std::string isa = with_isa("baseline");
  const std::string text = "bf16 (" + cpu::bf16_description(cpu::Level::baseline) + ")";
  const std::string small = " --data digits --fraction 0.02 --hidden 16 --precision bf16 --epochs ";
  const std::string run = folder / "run";
  const auto says = [&](const std::string& arguments) {
    const ProgramResult result = run_program(arguments, isa);
    CAPTURE(result.err);
    CHECK(result.code == 0);
    CHECK_MESSAGE(contains(result.out, text), result.out);
  };
  says("train --out '" + run + "'" + small + "1");
  says("train --resume '" + run + "' --epochs 2");
  says("compare --optimizers sgd,adam --seeds 1" + small + "1");
  const std::string file = folder / "a.toml";
  write_file(file,
             "data = 'digits'\nfraction = 0.02\nhidden = [16]\nepochs = 1\nprecision = 'bf16'\n"
             "optimizers = ['sgd']\nseeds = [1]\n");
  says("study '" + file + "' --out '" + (folder / "study") + "'");
  says("info");
}

TEST_CASE("apps.isa.an_empty_name_is_none_and_the_best_level_is_used") {
  cpu::Level best = cpu::Level::baseline;
  for (const cpu::Level level : cpu::built_levels()) {
    if (cpu::is_supported(level) && cpu::is_worth_it(level)) best = level;
  }
  const ProgramResult result = run_program("info", with_isa(""));
  CHECK(result.code == 0);
  CHECK_MESSAGE(contains(result.out, "vector instructions  " + cpu::description(best) + ";"),
                result.out);
}

}  // namespace
}  // namespace plastic::test

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
      CHECK_MESSAGE(contains(result.err, "this processor lacks " + cpu::description(level)),
                    result.err);
      continue;
    }
    CHECK(result.code == 0);
    CHECK_MESSAGE(contains(result.out, "vector instructions  " + cpu::description(level)),
                  result.out);
  }
}

TEST_CASE("apps.isa.what_is_no_level_is_an_error") {
  const ProgramResult result =
      run_program("train --data digits --epochs 1 --out /nowhere/run", with_isa("sse9"));
  CHECK(result.code == 2);
  CHECK_MESSAGE(contains(result.err, "[cpu] PLASTIC_ISA is \"sse9\""), result.err);
  CHECK_MESSAGE(contains(result.err, "baseline"), result.err);
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

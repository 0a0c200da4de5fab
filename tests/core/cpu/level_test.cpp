// Which level a program uses, of those that PLASTIC_LEVELS left in a build.
#include <doctest/doctest.h>

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "core/cpu/level_worth.h"
#include "plastic/core/error.h"
#include "tests/support/text.h"

namespace plastic::test {
namespace {

using cpu::chosen_level;
using cpu::Level;

std::string refusal(std::string_view wanted, std::span<const Level> levels) {
  try {
    chosen_level(wanted, levels);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("core.cpu.level.is_the_best_of_those_that_were_built") {
  const std::array baseline = {Level::baseline};
  CHECK(chosen_level("", baseline) == Level::baseline);
  const std::array two = {Level::baseline, Level::avx2};
  CHECK(chosen_level("", two) == (cpu::is_supported(Level::avx2) ? Level::avx2 : Level::baseline));
  CHECK(chosen_level("baseline", two) == Level::baseline);
}

TEST_CASE("core.cpu.level.that_was_left_out_is_an_error_which_says_so") {
  const std::array two = {Level::baseline, Level::avx2};
  const std::string left_out = refusal("avx512", two);
  CHECK_MESSAGE(
      left_out.starts_with(
          "[cpu] PLASTIC_ISA is avx512, and this build has kernels for baseline, avx2 alone; "),
      left_out);
  const std::string unknown = refusal("sse9", two);
  CHECK_MESSAGE(contains(unknown, "no level of instructions; it may be baseline, avx2, or unset"),
                unknown);
}

TEST_CASE("core.cpu.level.that_the_processor_lacks_is_an_error_where_there_is_no_other") {
  const std::array one = {Level::amx};
  if (cpu::is_supported(Level::amx)) {
    CHECK(chosen_level("", one) == Level::amx);
    return;
  }
  const std::string message = refusal("", one);
  CHECK_MESSAGE(
      contains(message, "[cpu] this build has kernels for amx alone, and this processor lacks"),
      message);
  CHECK(contains(refusal("amx", one), "PLASTIC_ISA is amx, and this processor lacks"));
}

}  // namespace
}  // namespace plastic::test

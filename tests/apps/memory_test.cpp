// Memory that runs out while the program sets itself up.
#include <doctest/doctest.h>

#include <string>

#include "tests/apps/program.h"

using namespace plastic::test;

TEST_CASE("apps.memory.runs_out_at_any_allocation") {
  if (failing_calls().empty()) {
    MESSAGE("skipped: a sanitizer has allocations in hand");
    return;
  }
  for (const char* arguments : {"--version", "train --help", "info", "train --nonsense"}) {
    CAPTURE(arguments);
    const int usual = run_program(arguments).code;
    int failures = 0;
    // Close together at first, where the libraries set themselves up. The first of all is the CUDA
    // runtime's where it is linked, which crashes then.
    for (long at = 2;; at += at < 200 ? 40 : 2500) {
      CAPTURE(at);
      REQUIRE(at < 1'000'000);
      const ProgramResult result = run_program(
          arguments, "FAIL_AT=" + std::to_string(at) + " LD_PRELOAD='" + failing_calls() + "' ");
      CAPTURE(result.err);
      if (result.code == usual) break;
      CHECK(result.code == 1);
      CHECK(result.err.find("plastic: ") == 0);
      CHECK(result.err.find("not enough memory") != std::string::npos);
      ++failures;
    }
    CHECK(failures > 5);
  }
}

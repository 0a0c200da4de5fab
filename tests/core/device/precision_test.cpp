#include "plastic/core/precision.h"

#include <doctest/doctest.h>

#include "plastic/core/deterministic.h"
#include "plastic/core/error.h"

namespace plastic {
namespace {

TEST_CASE("core.precision.names") {
  for (const Precision precision : {Precision::f32, Precision::tf32, Precision::bf16}) {
    CHECK(parse_precision(to_string(precision)) == precision);
  }
  CHECK(to_string(Precision::tf32) == "tf32");
  for (const char* text : {"", "F32", "f16", "bf16 "}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parse_precision(text), doctest::Contains("use f32, tf32 or bf16"), Error);
  }
}

TEST_CASE("core.precision.is_set_for_the_process") {
  CHECK(precision() == Precision::f32);
  set_precision(Precision::bf16);
  CHECK(precision() == Precision::bf16);
  set_precision(Precision::f32);
  CHECK_FALSE(deterministic());
  set_deterministic(true);
  CHECK(deterministic());
  set_deterministic(false);
}

}  // namespace
}  // namespace plastic

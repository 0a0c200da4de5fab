#include "core/number_text.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "tests/support/foreign_locale.h"

namespace plastic {
namespace {

struct Read {
  double value;
  std::size_t length;
  std::errc error;
};

Read read(std::string_view text) {
  double value = -1.5;
  const auto [stop, error] = number_from_chars(text.data(), text.data() + text.size(), value);
  return {value, static_cast<std::size_t>(stop - text.data()), error};
}

// That the whole of `text` is the number.
void check_whole(std::string_view text, double expected) {
  CAPTURE(text);
  const Read found = read(text);
  CHECK(found.error == std::errc());
  CHECK(found.length == text.size());
  CHECK(std::bit_cast<std::uint64_t>(found.value) == std::bit_cast<std::uint64_t>(expected));
}

void check_numbers() {
  check_whole("0", 0.0);
  check_whole("-0", -0.0);
  check_whole("0e999", 0.0);
  check_whole(".5", 0.5);
  check_whole("5.", 5.0);
  check_whole("0.1", 0.1);
  check_whole("-1234.5E-2", -12.345);
  check_whole("1e+300", 1e300);
  check_whole("4.9406564584124654e-324", std::numeric_limits<double>::denorm_min());
  check_whole("1.7976931348623157e308", std::numeric_limits<double>::max());
  // Halfway between two floating-point numbers: to the even one.
  check_whole("9007199254740993", 9007199254740992.0);
  check_whole("inf", std::numeric_limits<double>::infinity());
  check_whole("-Infinity", -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(read("nan").value));
}

TEST_CASE("core.number_text.a_whole_text") { check_numbers(); }

TEST_CASE("core.number_text.any_locale") {
  const test::ForeignLocale foreign;
  check_numbers();
  CHECK(read("1,5").length == 1);
}

TEST_CASE("core.number_text.stops_behind_the_number") {
  CHECK(read("1.5x").length == 3);
  CHECK(read("1e").length == 1);
  CHECK(read("1e+").length == 1);
  CHECK(read("1.2.3").length == 3);
  CHECK(read("0x10").length == 1);
  CHECK(read("infinit").length == 3);
}

TEST_CASE("core.number_text.what_is_no_number") {
  for (const std::string_view text : {"", "-", ".", "e5", "+1", " 1", "x"}) {
    CAPTURE(text);
    const Read found = read(text);
    CHECK(found.error == std::errc::invalid_argument);
    CHECK(found.length == 0);
    CHECK(found.value == -1.5);
  }
}

TEST_CASE("core.number_text.what_no_double_can_hold") {
  for (const std::string_view text : {"1e400", "-1e400", "1e-400", "-1e-400"}) {
    CAPTURE(text);
    const Read found = read(text);
    CHECK(found.error == std::errc::result_out_of_range);
    CHECK(found.length == text.size());
    CHECK(found.value == -1.5);
  }
}

}  // namespace
}  // namespace plastic

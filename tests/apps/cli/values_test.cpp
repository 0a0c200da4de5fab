#include "apps/cli/values.h"

#include <doctest/doctest.h>

#include <limits>

using namespace plastic::apps;

TEST_CASE("apps.values.number") {
  const Range share{.low = 0.0, .high = 1.0, .low_included = false};
  CHECK(parse_number("0.25", share) == 0.25);
  CHECK(parse_number("1", share) == 1.0);
  CHECK(parse_number("1e-3", share) == 1e-3);
  for (const char* text : {"0", "1.01", "-0.5", "nan", "inf", "", "0.5x", " 0.5", "1e999"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_number(text, share), UsageError);
  }
  const Range positive{.low = 0.0, .high = std::numeric_limits<double>::infinity()};
  CHECK(parse_number("1e300", positive) == 1e300);
  CHECK_THROWS_WITH(parse_number("inf", positive),
                    "expected a finite number at least 0, got 'inf'");
}

TEST_CASE("apps.values.integer") {
  CHECK(parse_integer("7", 1, 10) == 7);
  for (const char* text : {"0", "11", "2.0", "-3", "", "ten", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_integer(text, 1, 10), UsageError);
  }
}

TEST_CASE("apps.values.list") {
  CHECK(parse_list("a,b,a", false) == std::vector<std::string>{"a", "b", "a"});
  CHECK_THROWS_WITH(parse_list("a,b,a", true), "'a' is given twice");
  for (const char* text : {"", ",", "a,", ",a", "a,,b"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_list(text, false), UsageError);
  }
}

TEST_CASE("apps.values.nearest") {
  const std::vector<std::string> names = {"--epochs", "--lr", "--lr-decay"};
  CHECK(nearest("--epoch", names) == "--epochs");
  CHECK(nearest("--lrdecay", names) == "--lr-decay");
  CHECK(nearest("--colour", names).empty());
}

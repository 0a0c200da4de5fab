#include "apps/tuning/search_spaces.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "apps/cli/values.h"
#include "apps/training/optimizers.h"
#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;

namespace {

std::string refusal(const std::string& text) {
  try {
    parse_search_dimension(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("apps.search_spaces.of_every_optimizer") {
  for (const OptimizerEntry& optimizer : optimizer_table()) {
    CAPTURE(optimizer.name);
    const SearchSpace space = default_search_space(optimizer.name);
    REQUIRE_FALSE(space.empty());
    for (const SearchDimension& one : space) {
      CAPTURE(to_text(one));
      REQUIRE(one.option->of_optimizer != nullptr);
      CHECK(one.option->of_optimizer->applies_to(optimizer));
      if (one.option->name != "lr") continue;
      CHECK(one.low < optimizer.defaults.lr);
      CHECK(one.high > optimizer.defaults.lr);
    }
  }
  CHECK(contains(error_of([] { default_search_space("sdg"); }), "no search space for sdg"));
}

TEST_CASE("apps.search_spaces.text") {
  const SearchDimension rate = parse_search_dimension("lr=log:1e-4:1e-1");
  CHECK(rate.option->name == "lr");
  CHECK(rate.kind == SearchDimension::Kind::log);
  CHECK(rate.low == 1e-4);
  CHECK(rate.high == 0.1);
  for (const char* text : {"lr=log:0.001:1", "np.plasticity-scale=uniform:0:3",
                           "batch-size=integer-log:16:256", "momentum=choices:0:0.9:0.99"}) {
    CHECK(to_text(parse_search_dimension(text)) == text);
  }
  CHECK(toml_line(parse_search_dimension("momentum=choices:0:0.9")) ==
        "momentum = { choices = [0, 0.9] }");
  // A text that looks like a number written otherwise stays as it is.
  CHECK(toml_value("0.1") == "0.1");
  CHECK(toml_value("true") == "true");
  CHECK(toml_value("1e5") == "\"1e5\"");
  CHECK(toml_value("a\"b") == "\"a\\\"b\"");
}

TEST_CASE("apps.search_spaces.refuses") {
  CHECK(contains(refusal("lr"), "expected OPTION=KIND:LOW:HIGH"));
  CHECK(contains(refusal("lr=logarithmic:1:2"), "expected OPTION=KIND:LOW:HIGH"));
  CHECK(contains(refusal("lrr=log:1:2"), "unknown option 'lrr'; did you mean lr?"));
  CHECK(contains(refusal("lr=log:0:1"), "lr.log: expected a finite number above 0"));
  CHECK(contains(refusal("np.plasticity-scale=log:0:1"), "a logarithm needs bounds above 0"));
  CHECK(contains(refusal("lr=log:1:0.1"), "expected the lower bound first"));
  CHECK(contains(refusal("lr=log:1"), "expected log = [LOW, HIGH]"));
  CHECK(contains(refusal("lr=choices:0.1:fast"), "fast"));
  CHECK(contains(refusal("epochs=integer:1:5"), "decides what is compared"));
  CHECK(contains(refusal("seed=integer:1:5"), "a study has seeds"));
}

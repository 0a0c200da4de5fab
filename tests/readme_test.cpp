#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/paths.h"

namespace {

std::string text_of(const std::string& name) {
  const std::ifstream file(plastic::test::test_folder() / ".." / name);
  REQUIRE_MESSAGE(file.good(), name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_CASE("readme.shows_the_example_that_is_built") {
  const std::string readme = text_of("README.md");
  const std::string example = text_of("apps/examples/train_digits.cpp");
  CHECK(readme.find("```cpp\n" + example + "```") != std::string::npos);
}

TEST_CASE("readme.names_scripts_that_exist") {
  const std::string readme = text_of("README.md");
  for (const char* script : {"scripts/demo", "scripts/test", "scripts/bench"}) {
    CHECK(readme.find(script) != std::string::npos);
    CHECK_FALSE(text_of(script).empty());
  }
}

}  // namespace

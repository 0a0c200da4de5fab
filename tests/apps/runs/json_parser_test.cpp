#include "apps/runs/json_parser.h"

#include <doctest/doctest.h>

#include <string>

using namespace plastic::apps;

namespace {

std::string nested(int depth, const std::string& open, const std::string& close) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += open;
  text += "1";
  for (int i = 0; i < depth; ++i) text += close;
  return text;
}

std::string object_of(std::size_t names) {
  std::string text = "{";
  for (std::size_t i = 0; i < names; ++i) {
    text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":1";
  }
  return text + "}";
}

}  // namespace

TEST_CASE("apps.json_parser.depth") {
  CHECK_NOTHROW(parse_json(nested(json_depth_limit, "[", "]")));
  CHECK_NOTHROW(parse_json(nested(json_depth_limit, "{\"a\":", "}")));
  for (const int depth : {json_depth_limit + 1, 1000, 1'000'000}) {
    CHECK_THROWS_WITH_AS(parse_json(nested(depth, "[", "]")), doctest::Contains("deeper than 16"),
                         BadJson);
    CHECK_THROWS_WITH_AS(parse_json(nested(depth, "{\"a\":", "}")),
                         doctest::Contains("deeper than 16"), BadJson);
  }
}

TEST_CASE("apps.json_parser.names") {
  CHECK(parse_json(object_of(json_name_limit)).size() == json_name_limit);
  CHECK_THROWS_WITH_AS(parse_json(object_of(json_name_limit + 1)),
                       doctest::Contains("more than 1000 names"), BadJson);
  // The limit is of one object.
  const std::string full = object_of(json_name_limit);
  CHECK(parse_json("[" + full + "," + full + "]").size() == 2);
}

TEST_CASE("apps.json_parser.refuses") {
  for (const char* text : {"", "{", "[1,]", "{\"a\":1}}", "nan", "1e999", "\"\xff\"", "01"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parse_json(text), doctest::Contains("this is not JSON"), BadJson);
  }
  try {
    parse_json("{\"a\": 1,\n x}");
  } catch (const BadJson& wrong) {
    CHECK(wrong.byte() == 11);
  }
}

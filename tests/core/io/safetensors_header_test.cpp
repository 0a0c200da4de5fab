#include "core/io/safetensors_header.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/data/files.h"

using namespace plastic;
using test::contains;

namespace {

std::string refusal(const std::string& text, std::uint64_t data_size = 4) {
  return test::error_of([&] { parse_safetensors_header("F", text, data_size); });
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

std::string named(const std::string& name_json) {
  return "{" + name_json + ":" + entry("F32", "[1]", "[0,4]") + "}";
}

}  // namespace

TEST_CASE("core.safetensors_header.sizes") {
  const std::string a = R"({"a":)";
  CHECK(refusal(a + entry("F32", "[1]", "[0,4]") + "}") == "no error");
  const std::pair<std::string, const char*> cases[] = {
      {entry("F32", "[2]", "[0,4]"), "does not fit its 4 bytes"},
      {entry("F32", "[0]", "[0,4]"), "does not fit"},
      {entry("F32", "[1]", "[0,8]"), "lies in bytes 0 to 8 of 4"},
      {entry("F32", "[1]", "[4,0]"), "lies in bytes 4 to 0"},
      {entry("F32", "[9223372036854775807,9223372036854775807]", "[0,4]"), "does not fit"},
      {entry("F32", "[4611686018427387905]", "[0,4]"), "does not fit"},
      {entry("F32", "[0,9223372036854775807,4]", "[0,0]"), "does not fit"},
      {entry("F32", "[9223372036854775808]", "[0,4]"), "too large"},
      {entry("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), "more than 8 axes"},
      {entry("F32", "[-1]", "[0,4]"), "whole number"},
      {entry("F32", "[1.0]", "[0,4]"), "expected ]"},
      {entry("F32", "[01]", "[0,4]"), "begins with 0"},
      {entry("F32", "[1,]", "[0,4]"), "whole number"},
      {entry("F32", "[1]", "[0,4,4]"), "expected ]"},
      {entry("F32", "[1]", "[0]"), "expected ,"},
      {entry("F16", "[2]", "[0,4]"), "dtype \"F16\""},
      {entry("BF16", "[3]", "[0,4]"), "does not fit its 4 bytes"},
      {entry("U8", "[3]", "[0,3]"), "end at byte 3, but there are 4"},
      {entry("U8", "[3]", "[1,4]"), "after a hole"},
      {R"({"dtype":"F32","shape":[1]})", "needs dtype, shape and data_offsets"},
      {R"({"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]})", "\"dtype\" twice"},
      {R"({"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1})", "unknown key \"more\""},
      {"{}", "expected \""},
      {"[]", "expected {"},
  };
  for (const auto& [text, reason] : cases) {
    CAPTURE(text);
    CHECK(contains(refusal(a + text + "}"), {"[safetensors] F: ", reason}));
  }
}

TEST_CASE("core.safetensors_header.overlaps") {
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"a":)" + entry("U8", "[2]", first) + R"(,"b":)" + entry("U8", "[2]", second) + "}";
  };
  CHECK(refusal(two("[0,2]", "[2,4]")) == "no error");
  CHECK(refusal(two("[2,4]", "[0,2]")) == "no error");
  CHECK(contains(refusal(two("[0,2]", "[1,3]")), {"\"b\" begins at byte 1, inside another"}));
  CHECK(contains(refusal(two("[0,2]", "[0,2]")), {"inside another"}));
  CHECK(contains(refusal(two("[0,2]", "[3,5]"), 5), {"after a hole"}));
}

TEST_CASE("core.safetensors_header.names") {
  const std::string one = entry("F32", "[1]", "[0,4]");
  CHECK(
      contains(refusal(R"({"a":)" + one + R"(,"\u0061":)" + one + "}"), {"\"a\" is given twice"}));
  CHECK(contains(refusal(R"({"__metadata__":{},"__metadata__":{}})", 0), {"twice"}));
  CHECK(contains(refusal(R"({"__metadata__":{"k":"1","k":"2"}})", 0), {"\"k\" twice"}));
  CHECK(contains(refusal(R"({"__metadata__":{"k":1}})", 0), {"expected \""}));
}

TEST_CASE("core.safetensors_header.strings") {
  const std::pair<const char*, const char*> good[] = {
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
      {R"("\u20AC\u20ac")", "\xE2\x82\xAC\xE2\x82\xAC"},
      {R"("\ud83d\ude00")", "\xF0\x9F\x98\x80"},
      {R"("")", ""},
      {"\"\xF4\x8F\xBF\xBF\"", "\xF4\x8F\xBF\xBF"},
      {"\"\xED\x9F\xBF\"", "\xED\x9F\xBF"},
  };
  for (const auto& [json, text] : good) {
    CAPTURE(json);
    CHECK(parse_safetensors_header("F", named(json), 4).entries[0].name == text);
  }
  const std::pair<const char*, const char*> bad[] = {
      {R"("\x")", "unknown escape"},      {R"("\u12g4")", "hexadecimal"},
      {R"("\ud83d")", "surrogate"},       {R"("\ud83dx")", "surrogate"},
      {R"("\ud83d\u0041")", "surrogate"}, {R"("\ude00")", "surrogate"},
      {"\"\n\"", "control character"},    {"\"\xFF\"", "not UTF-8"},
      {"\"\xC0\x80\"", "not UTF-8"},      {"\"\xE0\x9F\xBF\"", "not UTF-8"},
      {"\"\xED\xA0\x80\"", "not UTF-8"},  {"\"\xF4\x90\x80\x80\"", "not UTF-8"},
      {"\"\xE2\x82\"", "not UTF-8"},      {"a", "expected \""},
  };
  for (const auto& [json, reason] : bad) {
    CAPTURE(json);
    CHECK(contains(refusal(named(json)), {"[safetensors] F: ", reason}));
  }
}

TEST_CASE("core.safetensors_header.text") {
  CHECK(contains(refusal("", 0), {"does not begin with {"}));
  CHECK(contains(refusal(" {}", 0), {"does not begin with {"}));
  CHECK(contains(refusal("{}x", 0), {"expected its end"}));
  CHECK(contains(refusal("{", 0), {"ends early"}));
  CHECK(contains(refusal("{\"a", 0), {"ends early"}));
  CHECK(contains(refusal("{\"a\\u00", 0), {"ends early"}));
  CHECK(refusal("{} \n\t", 0) == "no error");
  CHECK(contains(refusal(R"({"a":)" + std::string(1'000'000, '['), 0), {"expected {"}));
}

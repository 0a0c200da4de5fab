#include "apps/runs/metrics_object.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/support/linear.h"

using namespace plastic::apps;

namespace {

std::string described(const std::vector<MetricsMember>& members) {
  std::string text;
  for (const MetricsMember& member : members) {
    text.append(member.name).append(":").append(member.kind_name()).append(" ");
  }
  return text;
}

std::string refusal(const std::string& text) {
  try {
    parse_metrics_object(text);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("apps.metrics_object.reads") {
  const MetricsObject object = parse_metrics_object(
      R"({"z":1,"a":-2.5,"n":null,"t":"x","b":true,"l":[1,{"diagnostics":{"no":1}},[2]],)"
      R"("diagnostics":{"d":3,"in":{"no":[4]},"e":4,"list":[{"no":5}],"f":null},"o":{"no":6},"y":7})");
  CHECK(
      described(object.members) ==
      "z:number a:number n:null t:string b:boolean l:array diagnostics:object o:object y:number ");
  CHECK(described(object.diagnostics) == "d:number in:object e:number list:array f:null ");
  CHECK(object.find("z")->kind == MetricsMember::Kind::integer);
  CHECK(object.find("z")->integer == 1);
  CHECK(object.find("a")->number == -2.5);
  CHECK(object.find("a")->kind == MetricsMember::Kind::number);
  CHECK(object.find("y")->number == 7);
  CHECK(object.diagnostics[2].number == 4);
  CHECK(object.find("no") == nullptr);
  CHECK(parse_metrics_object("{}").members.empty());
}

TEST_CASE("apps.metrics_object.refuses") {
  CHECK(refusal("[1]") == "expected an object, found array");
  CHECK(refusal("3") == "expected an object, found number");
  CHECK(refusal("\"{}\"") == "expected an object, found string");
  CHECK(refusal("null") == "expected an object, found null");
  for (const char* text :
       {"", "{", "{\"a\":}", "{\"a\":1e999}", "{} {}", "[[", "{\"a\":\"\xFF\"}"}) {
    CAPTURE(text);
    CHECK(refusal(text).starts_with("this is not JSON: "));
  }
  CHECK(refusal(std::string(1'000'000, '[')).starts_with("this is not JSON: "));
  CHECK(refusal(R"({"a":1,"b":2,"a":3})") == "\"a\" is given twice");
  CHECK(refusal(R"({"diagnostics":{"a":1,"a":3}})") == "\"a\" is given twice");
  CHECK(refusal(R"({"diagnostics":{},"diagnostics":{}})") == "\"diagnostics\" is given twice");
  CHECK(refusal(R"({"a":1,"diagnostics":{"a":3}})") == "no error");
}

TEST_CASE("apps.metrics_object.many_names_in_linear_time") {
  CHECK(plastic::test::is_about_linear(
      [](int count) {
        std::string text = "{\"epoch\":1,\"diagnostics\":{";
        for (int i = 0; i < count; ++i) {
          text.append(i == 0 ? "\"" : ",\"").append(std::to_string(i)).append("\":1");
        }
        CHECK(parse_metrics_object(text.append("}}")).diagnostics.size() ==
              static_cast<std::size_t>(count));
      },
      20'000));
}

#include "apps/config_file.h"

#include <doctest/doctest.h>

#include <string>

#include "apps/config_reader.h"
#include "apps/model_choice.h"
#include "apps/values.h"

using namespace plastic::apps;

namespace {

std::string refusal(const std::string& text) {
  try {
    parse_config("F", text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("apps.config_file.reads") {
  const std::vector<ConfigEntry> entries = parse_config("F",
                                                        "# comment\r\n"
                                                        "data = \"a \\\"b\\\" # c\" # d\n"
                                                        "\tlr=1e-3\n\n"
                                                        "hidden = [ 1, # one\n  2,\n]\n"
                                                        "empty = []\n"
                                                        "out = 'C:\\n'\n"
                                                        "np.mode = 'x'\n"
                                                        "[np]\n"
                                                        "a-b = true\n"
                                                        "[ x . y ]\n"
                                                        "z = -0.5");
  const std::vector<std::array<std::string, 2>> expected = {
      {"data", "a \"b\" # c"}, {"lr", "1e-3"},   {"hidden", "1,2"},  {"empty", ""},
      {"out", "C:\\n"},        {"np.mode", "x"}, {"np.a-b", "true"}, {"x.y.z", "-0.5"}};
  REQUIRE(entries.size() == expected.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CHECK(entries[i].key == expected[i][0]);
    CHECK(entries[i].value == expected[i][1]);
  }
  CHECK(entries.back().line == 14);
  CHECK(parse_config("F", "").empty());
}

TEST_CASE("apps.config_file.refuses") {
  const std::pair<const char*, const char*> cases[] = {
      {"a", "F: line 1: expected ="},
      {"\na = ", "F: line 2: expected a number, true, false"},
      {"a = b", "text in quotes"},
      {"a = 1 2", "the end of the line"},
      {"a = \"x", "closing quote"},
      {"a = \"x\ny\"", "closing quote"},
      {"a = \"\\q\"", "escape"},
      {"a = [1, 2", "without its ]"},
      {"a = [1 2]", "expected ]"},
      {"a = 1\na = 2", "line 2: a is there twice"},
      {"[t]\na = 1\n[t]\na = 2", "t.a is there twice"},
      {"[[t]]", "lists of tables"},
      {"[t", "expected ]"},
      {"= 1", "expected a key"},
      {"\"a\" = 1", "expected a key"},
      {"a = {b = 1}", "expected a number"},
      {"a = \"\xFF\"", "not UTF-8"},
  };
  for (const auto& [text, reason] : cases) {
    CAPTURE(text);
    const std::string message = refusal(text);
    CAPTURE(message);
    CHECK(message.find(reason) != std::string::npos);
  }
  CHECK(refusal(std::string("a = \"\0\"", 7)) == "no error");
  CHECK(refusal(std::string("a = \0", 5)) != "no error");
}

TEST_CASE("apps.config_file.text_is_read_back") {
  TrainConfig config;
  resolve_model(config);
  config.optimizer = default_settings("neuroplastic", true);
  config.optimizer.lr = 0.1 + 0.2;
  config.device = {.type = plastic::DeviceType::cuda, .index = 1};
  const std::string text =
      config_text({.data = "mnist",
                   .data_dir = "/a \"b\"\\c#",
                   .threads = 3,
                   .arithmetic = {.precision = plastic::Precision::tf32, .deterministic = true},
                   .keep_best = true,
                   .early_stopping = 4},
                  config);
  std::string values;
  for (const ConfigEntry& entry : parse_config("F", text)) {
    values += entry.key + "=" + entry.value + "\n";
  }
  for (const char* line :
       {"data=mnist\n", "data-dir=/a \"b\"\\c#\n", "lr=0.30000000000000004\n", "hidden=256,256\n",
        "threads=3\n", "device=cuda:1\n", "precision=tf32\n", "deterministic=true\n",
        "keep-best=true\n", "early-stopping=4\n", "np.plasticity-scale=2\n", "np.mode=rule_based\n",
        "np.diagnostics=false\n"}) {
    CAPTURE(line);
    CHECK(values.find(line) != std::string::npos);
  }
  // Damaged in any place, it is refused or read, never worse.
  for (std::size_t i = 0; i < text.size(); ++i) {
    refusal(text.substr(0, i));
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      CHECK_FALSE(refusal(damaged).empty());
    }
  }
}

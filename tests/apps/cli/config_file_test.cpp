#include "apps/cli/config_file.h"

#include <doctest/doctest.h>

#include <string>

#include "apps/cli/config_reader.h"
#include "apps/cli/values.h"
#include "apps/training/model_choice.h"
#include "tests/support/linear.h"

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

RunOptions sample_options() {
  RunOptions options{.data = "mnist",
                     .data_dir = "/a \"b\"\\c#",
                     .arithmetic = {.precision = plastic::Precision::tf32, .deterministic = true},
                     .threads = 3,
                     .keep_best = true,
                     .early_stopping = 4};
  resolve_model(options.run);
  options.run.optimizer = default_settings("neuroplastic", true);
  options.run.optimizer.lr = 0.1 + 0.2;
  options.run.device = {.type = plastic::DeviceType::cuda, .index = 1};
  return options;
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
                                                        "other.mode = 'x'\n"
                                                        "[np]\n"
                                                        "a-b = true\n"
                                                        "[ x . y ]\n"
                                                        "z = -0.5");
  const std::vector<std::array<std::string, 2>> expected = {
      {"data", "a \"b\" # c"}, {"lr", "0.001"},     {"hidden", "1,2"},  {"empty", ""},
      {"out", "C:\\n"},        {"other.mode", "x"}, {"np.a-b", "true"}, {"x.y.z", "-0.5"}};
  REQUIRE(entries.size() == expected.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CHECK(entries[i].key == expected[i][0]);
    CHECK(entries[i].value == expected[i][1]);
  }
  CHECK(entries.back().line == 14);
  CHECK(parse_config("F", "").empty());
}

// Every form that TOML 1.0 has for what settings are made of.
TEST_CASE("apps.config_file.reads_all_of_toml") {
  const std::pair<std::string, std::string> cases[] = {
      {"\xEF\xBB\xBF"
       "a = 1",
       "a=1;"},
      {"a = 1\r\nb = 'x'\r\n", "a=1;b=x;"},
      {"a = +0.1", "a=0.1;"},
      {"a = +7\nb = -7\nc = -0", "a=7;b=-7;c=0;"},
      {"a = 1_000\nb = 1_0.2_5\nc = 6.02e+2_3", "a=1000;b=10.25;c=6.02e+23;"},
      {"a = 0x2A\nb = 0xdead_beef\nc = 0o17\nd = 0b101", "a=42;b=3735928559;c=15;d=5;"},
      {"a = 9223372036854775807", "a=9223372036854775807;"},
      // A number with a point or an exponent stays one, so that it is no number of epochs.
      {"a = 1.0\nb = 1e3\nc = 1e-07\nd = 5E-324", "a=1.0;b=1000.0;c=1e-07;d=5e-324;"},
      {"a = inf\nb = -inf\nc = +nan", "a=inf;b=-inf;c=nan;"},
      {"\"a\" = 1\n'b' = 2\n\"np\".'mode' = 3", "a=1;b=2;np.mode=3;"},
      // A dot within quotes separates nothing.
      {"\"c.d\" = 3\nc.d = 4\n\"\" = 5", "\"c.d\"=3;c.d=4;\"\"=5;"},
      {"a = \"\\u00e9\\t\\\"\\\\\\U0001F600\"", "a=\xC3\xA9\t\"\\\xF0\x9F\x98\x80;"},
      {"a = '''x''\ny'''\nb = \"\"\"\nx \\\n   y\"\"\"", "a=x''\ny;b=x y;"},
      {"np = {mode = 'x', z = {k = 1}}\n[q]\nr.s = 2", "np.mode=x;np.z.k=1;q.r.s=2;"},
      {"a = [1, 'x', true, 2.5]", "a=1,x,true,2.5;"},
  };
  for (const auto& [text, expected] : cases) {
    CAPTURE(text);
    std::string found;
    for (const ConfigEntry& entry : parse_config("F", text)) {
      found += entry.key + "=" + entry.value + ";";
    }
    CHECK(found == expected);
  }
}

TEST_CASE("apps.config_file.refuses") {
  const std::pair<std::string, const char*> cases[] = {
      {"a", "F: line 1: "},
      {"a 1", "F: line 1: error while parsing key-value pair: expected '='"},
      {"\na = ", "F: line 2: "},
      {"a = b", "could not determine value type"},
      {"a = 1 2", "expected a comment or whitespace"},
      {"a = \"x", "parsing string"},
      {"a = \"x\ny\"", "parsing string"},
      {"a = \"\\q\"", "escape"},
      {"a = [1, 2", "parsing array"},
      {"a = [1 2]", "expected comma or closing ']'"},
      {"a = 1\na = 2", "line 2: error while parsing key-value pair: cannot redefine existing"},
      {"a = 1\n'a' = 2", "line 2: error while parsing key-value pair: cannot redefine existing"},
      {"[t]\na = 1\n[t]\na = 2", "line 3: "},
      {"np.mode = 'x'\n[np]\na = 1", "line 2: "},
      {"[[t]]", "lists of tables"},
      {"a = [{b = 1}]", "lists of tables"},
      {"a = [[1]]", "lists in lists"},
      {"[t", "F: line 1: "},
      {"[$]", "expected bare key starting character"},
      {"[t.$]", "expected bare key starting character"},
      {std::string("[\t\0]", 4), "F: line 1: "},
      {"a\u00e9 = 1", "F: line 1: "},
      {"a\ufee0 = 1", "F: line 1: "},
      {"= 1", "F: line 1: "},
      {"a = 01", "leading zeroes"},
      {"a = 1__0", "underscores"},
      {"a = .5", "decimal digit"},
      {"a = 1.", "F: line 1: "},
      {"a = 1e400", "1e400"},
      {"a = 9223372036854775808", "not representable"},
      {"a = True", "boolean"},
      {"a = 1979-05-27", "dates are not understood"},
      {"a = \"\xFF\"", "not UTF-8"},
      {"a = 'x\\u0000'\nb = \"\\u0000\"", "line 2: text with a character 0 in it"},
      {std::string("a = \"\0\"", 7), "F: line 1: "},
      {std::string("a = \0", 5), "F: line 1: "},
  };
  for (const auto& [text, reason] : cases) {
    CAPTURE(text);
    const std::string message = refusal(text);
    CAPTURE(message);
    CHECK(message.find(reason) != std::string::npos);
  }
}

// What would take a parser's stack or all memory.
TEST_CASE("apps.config_file.refuses_too_much") {
  const auto many = [](const std::string& text, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += text;
    return out;
  };
  const std::string deep = many("a.", 200'000);
  const std::pair<std::string, const char*> cases[] = {
      {deep + "a = 1", "line 1: a key of too many parts"},
      {"\n[" + deep + "a]", "line 2: a key of too many parts"},
      {"a = {" + many("'a'.", 200'000) + "a = 1}", "a key of too many parts"},
      // More quotes than end a text.
      {"a = [\"\"\"x\"\"\"\", {" + deep + "a = 1}]", "a key of too many parts"},
      {"a = ['''x''''', {" + deep + "a = 1}]", "a key of too many parts"},
      {"a = \"\\\"\"\n" + deep + "a = 1", "line 2: a key of too many parts"},
      {"a = '\\'\n" + deep + "a = 1", "line 2: a key of too many parts"},
      {std::string("a = ").append(200'000, '['), "nested"},
      {"a = " + many("{a = ", 200'000), "nested"},
      {"a = [" + many("1,", 1'100'000) + "]", "too many values"},
      {many("a = 1\n", 1'100'000), "line 1000001: too many values"},
  };
  for (const auto& [text, reason] : cases) {
    CAPTURE(text.substr(0, 40));
    const std::string message = refusal(text);
    CAPTURE(message.substr(0, 200));
    CHECK(message.find(reason) != std::string::npos);
  }
  const std::string dots(10'000, '.');
  CHECK(refusal(std::string("# ") + dots + "\na = '" + dots + "'") == "no error");
}

TEST_CASE("apps.config_file.many_keys_in_linear_time") {
  CHECK(plastic::test::is_about_linear(
      [](int count) {
        std::string text;
        for (int i = 0; i < count; ++i) text += std::to_string(i) + " = 1\n";
        CHECK(parse_config("F", text).size() == static_cast<std::size_t>(count));
      },
      20'000));
  // A key as long as a file is near no name.
  CHECK(nearest(std::string(1'000'000, 'x'), {"epochs", "seed"}).empty());
  CHECK(plastic::test::is_about_linear(
      [](int count) {
        std::string text = "0";
        for (int i = 1; i < count; ++i) text.append(",").append(std::to_string(i));
        CHECK(parse_list(text, true).size() == static_cast<std::size_t>(count));
      },
      20'000));
}

TEST_CASE("apps.config_file.text_is_read_back") {
  const std::string text = config_text(sample_options());
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

TEST_CASE("apps.config_file.threads_that_nobody_asked_for_are_left_out") {
  RunOptions options;
  settle(options);
  CHECK(config_text(options).find("threads = ") == std::string::npos);
  options.threads = 3;
  CHECK(config_text(options).find("\nthreads = 3\n") != std::string::npos);
}

// Byte for byte what earlier programs wrote.
TEST_CASE("apps.config_file.keeps_its_form") {
  RunOptions options;
  options.data_dir = "/d";
  options.threads = 2;
  options.data = "folder";
  options.skip_bad_images = true;
  options.augment = {.crop_padding = 4, .flip = 0.5};
  options.run.drop_last = true;
  options.run.fraction = 0.1;
  settle(options);
  options.run.optimizer = default_settings("sgd", false);
  CHECK(config_text(options) ==
        "# Repeat this run: plastic train --config THIS-FILE --out FOLDER\n"
        "data = \"folder\"\n"
        "data-dir = \"/d\"\n"
        "image-size = 32\n"
        "orientation = \"apply\"\n"
        "skip-bad-images = true\n"
        "augment = [\"crop=4\", \"flip=0.5\"]\n"
        "fraction = 0.1\n"
        "model = \"mlp\"\n"
        "hidden = [256, 256]\n"
        "dropout = 0.1\n"
        "optimizer = \"sgd\"\n"
        "lr = 0.01\n"
        "weight-decay = 0\n"
        "lr-decay = 1\n"
        "sam = 0\n"
        "sam-adaptive = false\n"
        "momentum = 0.9\n"
        "dampening = 0\n"
        "nesterov = false\n"
        "seed = 41\n"
        "epochs = 10\n"
        "batch-size = 128\n"
        "drop-last = true\n"
        "schedule = \"constant\"\n"
        "warmup = 0\n"
        "device = \"cpu\"\n"
        "precision = \"f32\"\n"
        "threads = 2\n"
        "prefetch = 0\n");
  options.run.optimizer = default_settings("grad-only", false);
  const std::string ablation = config_text(options);
  CHECK(ablation.find("prefetch = 0\n\n[np]\nactivity-weight = 0.4\n") != std::string::npos);
  CHECK(ablation.find("eps = 1e-08\n") != std::string::npos);
  CHECK(ablation.find("hybrid-base = \"classic\"\n") != std::string::npos);
  CHECK(ablation.find("\nmode = ") == std::string::npos);
}

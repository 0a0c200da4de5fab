#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/apps/program.h"

using namespace plastic::tests;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string metrics(double accuracy) {
  std::string text;
  for (int epoch = 1; epoch <= 2; ++epoch) {
    text += json({{"epoch", epoch},
                  {"train_loss", 1.0 / epoch},
                  {"train_accuracy", accuracy},
                  {"test_loss", 1.5 / epoch},
                  {"test_accuracy", accuracy},
                  {"seconds", 0.5}})
                .dump() +
            "\n";
  }
  return text;
}

void write_run(const fs::path& folder, const std::string& text) {
  fs::create_directories(folder);
  write_file(folder / "metrics.jsonl", text);
}

// The JSON that the page draws.
json chart_data(const std::string& page) {
  const std::string begin = "id=\"report-data\">";
  const std::size_t at = page.find(begin) + begin.size();
  return json::parse(page.substr(at, page.find("</script>", at) - at));
}

std::string shell_word(const fs::path& path) {
  std::string text = "'";
  text += path.string();
  return text += "'";
}

ProgramResult report(const std::string& arguments) { return run_program("report " + arguments); }

}  // namespace

TEST_CASE("apps.report.comparison") {
  const TemporaryFolder folder;
  write_run(folder.path() / "sgd-seed-41", metrics(0.5));
  write_run(folder.path() / "sgd-seed-42", metrics(0.7));
  write_run(folder.path() / "adam-seed-41", metrics(0.625));
  write_run(folder.path() / "adam-seed-42", metrics(0.8));
  const std::string page_path = folder / "report.html";

  SUBCASE("without compare.json: by name") {
    const ProgramResult result = report(shell_word(folder.path()));
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    CHECK(contains(result.out, page_path));
    const std::string page = read_file(page_path);
    const json groups = chart_data(page)["groups"];
    REQUIRE(groups.size() == 2);
    CHECK(groups[0]["name"] == "adam");
    CHECK(groups[1]["runs"][1]["label"] == "seed 42");
    CHECK(groups[1]["runs"][1]["epochs"][1]["test_accuracy"] == 0.7);
    CHECK(contains(page, "71.25 ± 12.37"));
    CHECK(contains(page, "-11.25 ± 1.77"));
    CHECK(contains(page, "0 of 2"));
    CHECK(contains(page, "adam is ahead of sgd by 11.25 points in 2 of 2 seeds"));
  }

  SUBCASE("compare.json gives order, settings and what belongs to it") {
    write_run(folder.path() / "old-seed-41", metrics(0.1));
    write_file(folder / "compare.json", R"({"data": "mnist", "hidden": [16, 8], "seeds": [41, 42],)"
                                        R"( "settings": {"sgd": "lr 0.01", "adam": "lr 0.001"}})");
    REQUIRE(report(shell_word(folder.path())).code == 0);
    const std::string page = read_file(page_path);
    const json groups = chart_data(page)["groups"];
    REQUIRE(groups.size() == 2);
    CHECK(groups[0]["name"] == "sgd");
    CHECK(contains(page, "<dt>hidden</dt><dd>16, 8</dd>"));
    CHECK(contains(page, "<dt>adam</dt><dd>lr 0.001</dd>"));
    CHECK(contains(page, "<h1>mnist</h1>"));
  }

  SUBCASE("an interrupted comparison pairs the seeds that are there") {
    fs::remove_all(folder.path() / "sgd-seed-41");
    REQUIRE(report(shell_word(folder.path())).code == 0);
    const std::string page = read_file(page_path);
    CHECK(contains(page, "<td>-10.00</td><td>0 of 1</td>"));
    CHECK_FALSE(contains(page, "ahead of"));
  }
}

TEST_CASE("apps.report.single_runs") {
  const TemporaryFolder folder;
  const auto with_config = [&](const std::string& name, const std::string& optimizer, int seed) {
    write_run(folder.path() / name, metrics(0.5));
    write_file(folder.path() / name / "config.toml", "# resolved\noptimizer=\"" + optimizer +
                                                         "\"\nseed=" + std::to_string(seed) +
                                                         "\nout=\"" + name + "\"\n");
  };
  with_config("a", "sgd", 1);
  with_config("b", "sgd", 2);
  with_config("c", "adam", 1);
  const std::string out = folder / "page.html";
  const std::string a_and_b = shell_word(folder / "a") + " " + shell_word(folder / "b") + " ";

  SUBCASE("the same settings make one curve") {
    REQUIRE(report(a_and_b + shell_word(folder / "c") + " --out " + shell_word(out)).code == 0);
    const json groups = chart_data(read_file(out))["groups"];
    REQUIRE(groups.size() == 2);
    CHECK(groups[0]["name"] == "sgd");
    CHECK(groups[0]["runs"].size() == 2);
    CHECK(groups[1]["runs"][0]["label"] == "seed 1");
  }

  SUBCASE("a run given twice counts once") {
    REQUIRE(report(a_and_b + a_and_b + "--out " + shell_word(out)).code == 0);
    CHECK(chart_data(read_file(out))["groups"][0]["runs"].size() == 2);
  }

  SUBCASE("several need --out") {
    const ProgramResult result = report(a_and_b);
    CHECK(result.code == 2);
    CHECK(contains(result.err, "--out FILE"));
  }

  SUBCASE("twice the same seed is refused") {
    with_config("b", "sgd", 1);
    const ProgramResult result = report(a_and_b + "--out " + shell_word(out));
    CHECK(result.code == 1);
    CHECK(contains(result.err, "both are sgd with seed 1"));
  }
}

TEST_CASE("apps.report.escapes") {
  const TemporaryFolder folder;
  const std::string evil = "<script>alert(1)<|script>&\"'";
  write_run(folder.path() / evil, metrics(0.5));
  REQUIRE(report(shell_word(folder.path())).code == 0);
  const std::string page = read_file(folder / "report.html");
  CHECK_FALSE(contains(page, "<script>alert"));
  CHECK(contains(page, "&lt;script&gt;alert(1)&lt;|script&gt;&amp;&quot;&#39;"));
  CHECK(chart_data(page)["groups"][0]["name"] == evil);
}

TEST_CASE("apps.report.errors") {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  const std::string good = metrics(0.5);
  const std::string first_line = good.substr(0, good.find('\n') + 1);

  const auto rejects = [&](const std::string& text, const std::string& message) {
    write_run(run, text);
    write_file(run / "report.html", "<meta content=\"plastic report\">");
    const ProgramResult result = report(shell_word(run));
    CAPTURE(result.err);
    CHECK(result.code == 1);
    CHECK(contains(result.err, "[report] "));
    CHECK(contains(result.err, message));
    CHECK(read_file(run / "report.html") == "<meta content=\"plastic report\">");
  };
  rejects("", "metrics.jsonl, line 1: the file is empty");
  rejects(good.substr(0, good.size() - 9), "metrics.jsonl, line 2: this is not JSON");
  rejects(first_line + first_line, "line 2: expected an epoch after 1, found 1");
  rejects("[1]\n", "line 1: expected an object, found array");
  rejects("{\"epoch\": 1, \"test_accuracy\": 1e999}\n", "line 1: this is not JSON");
  rejects("{\"epoch\": 1, \"test_accuracy\": \"x\", \"seconds\": 1}\n",
          "no number \"test_accuracy\"");
  rejects("{\"epoch\": 99999999999999999999}\n", "no whole number \"epoch\"");
  rejects("{\"epoch\": 1, \"loss\": [], \"test_accuracy\": 1, \"seconds\": 1}\n",
          "expected a number for \"loss\", found array");
  rejects(first_line + std::string(100'000, '['), "line 2: this is not JSON");

  SUBCASE("a file that is no report stays") {
    write_run(run, good);
    const ProgramResult result =
        report(shell_word(run) + " --out " + shell_word(run / "metrics.jsonl"));
    CHECK(result.code == 1);
    CHECK(contains(result.err, "is no report"));
    CHECK(read_file(run / "metrics.jsonl") == good);
  }

  SUBCASE("a folder without runs") {
    fs::create_directories(folder.path() / "empty");
    CHECK(contains(report(shell_word(folder / "empty")).err, "no metrics.jsonl here"));
    CHECK(contains(report(shell_word(folder / "nowhere")).err, "cannot open this folder"));
  }

  SUBCASE("compare.json that is no JSON") {
    write_run(folder.path() / "home" / "sgd-seed-1", good);
    write_file(folder.path() / "home" / "compare.json", "{\n\"data\": }");
    CHECK(contains(report(shell_word(folder / "home")).err, "compare.json, line 2"));
  }

  SUBCASE("config.toml that is no TOML") {
    write_run(run, good);
    write_file(run / "config.toml", "seed = 1\nhidden = [\n");
    const ProgramResult result = report(shell_word(run));
    CHECK(result.code == 1);
    CHECK(contains(result.err, "config.toml: line "));
  }

  SUBCASE("no run named") { CHECK(report("").code == 2); }
}

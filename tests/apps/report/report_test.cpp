#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::test;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

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

// Looks at a page with one table.
json groups_of(const std::string& page) {
  const json tables = chart_data(page)["tables"];
  REQUIRE(tables.size() == 1);
  return tables[0]["groups"];
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
    const json groups = groups_of(page);
    REQUIRE(groups.size() == 2);
    CHECK(groups[0]["name"] == "adam");
    CHECK(groups[1]["runs"][1]["label"] == "seed 42");
    CHECK(groups[1]["runs"][1]["epochs"][1]["test_accuracy"] == 0.7);
    CHECK(contains(page, "71.25 ± 12.37"));
    CHECK(contains(page, "<td>-11.25</td>"));
    CHECK(contains(page, "0 of 2"));
    CHECK(contains(page, "2 seeds cannot show a difference between adam and sgd"));
  }

  SUBCASE("compare.json gives order, settings and what belongs to it") {
    write_run(folder.path() / "old-seed-41", metrics(0.1));
    write_file(folder / "compare.json", R"({"data": "mnist", "hidden": [16, 8], "seeds": [41, 42],)"
                                        R"( "settings": {"sgd": "lr 0.01", "adam": "lr 0.001"}})");
    REQUIRE(report(shell_word(folder.path())).code == 0);
    const std::string page = read_file(page_path);
    const json groups = groups_of(page);
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
    CHECK(contains(page, "<td>-10.00</td><td>0 of 1</td><td>1.000</td>"));
    CHECK_FALSE(contains(page, "cannot show"));
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
    const json groups = groups_of(read_file(out));
    REQUIRE(groups.size() == 2);
    CHECK(groups[0]["name"] == "sgd");
    CHECK(groups[0]["runs"].size() == 2);
    CHECK(groups[1]["runs"][0]["label"] == "seed 1");
  }

  SUBCASE("a run given twice counts once") {
    REQUIRE(report(a_and_b + a_and_b + "--out " + shell_word(out)).code == 0);
    CHECK(groups_of(read_file(out))[0]["runs"].size() == 2);
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

namespace {

// A run as train leaves it, of two epochs.
void write_whole_run(const fs::path& folder, const std::string& optimizer, int seed,
                     const std::string& more = "", double accuracy = 0.5) {
  write_run(folder, metrics(accuracy));
  const auto unless_given = [&](const std::string& key, const std::string& value) {
    return contains(more, key + " = ") ? "" : key + " = " + value + "\n";
  };
  write_file(folder / "config.toml",
             unless_given("data", "\"mnist\"") + unless_given("model", "\"mlp\"") +
                 unless_given("hidden", "[16, 8]") + unless_given("epochs", "2") +
                 unless_given("fraction", "1") + unless_given("lr", "0.1") + "optimizer = \"" +
                 optimizer + "\"\nseed = " + std::to_string(seed) + "\n" + more + "\n");
}

std::vector<std::string> labels_of(const json& groups) {
  std::vector<std::string> labels;
  for (const json& group : groups) labels.push_back(group["name"]);
  return labels;
}

}  // namespace

TEST_CASE("apps.report.one_run_says_what_it_is") {
  const TemporaryFolder folder;
  write_whole_run(folder.path() / "run", "sgd", 1, "fraction = 0.25");
  REQUIRE(report(shell_word(folder / "run")).code == 0);
  const std::string page = read_file(folder.path() / "run" / "report.html");
  CHECK(contains(page, "<h1>mnist</h1>"));
  CHECK(contains(page, "mlp 16-8, 2 epochs, fraction 0.25; 1 optimizer, 1 run"));
  CHECK(contains(page, "<dt>sgd</dt><dd>lr 0.1</dd>"));
  CHECK_FALSE(contains(page, "points vs first"));
}

TEST_CASE("apps.report.what_cannot_be_compared_is_in_tables_of_its_own") {
  const TemporaryFolder folder;
  write_whole_run(folder.path() / "a", "sgd", 1);
  const std::string out = folder / "page.html";
  for (const char* other :
       {"data = \"fashion-mnist\"", "model = \"lenet\"", "hidden = [16]", "epochs = 3",
        "fraction = 0.5", "image-size = 64", "validation = 0.1", "label-noise = 0.2",
        "limit-per-class = 5", "data = \"folder\"\ndata-dir = \"/a/pets\""}) {
    CAPTURE(other);
    write_whole_run(folder.path() / "b", "adam", 1, other);
    REQUIRE(report(shell_word(folder / "a") + " " + shell_word(folder / "b") + " --out " +
                   shell_word(out))
                .code == 0);
    const std::string page = read_file(out);
    CHECK(chart_data(page)["tables"].size() == 2);
    CHECK_FALSE(contains(page, "ahead of"));
    CHECK_FALSE(contains(page, "points vs first"));
  }
  SUBCASE("data sets of one name in two places") {
    write_whole_run(folder.path() / "a", "sgd", 1, "data = \"folder\"\ndata-dir = \"/x/pets\"");
    write_whole_run(folder.path() / "b", "adam", 1, "data = \"folder\"\ndata-dir = \"/y/pets\"");
    REQUIRE(report(shell_word(folder.path()) + " --out " + shell_word(out)).code == 0);
    CHECK(chart_data(read_file(out))["tables"].size() == 2);
    CHECK(contains(read_file(out), "<h1>folder pets</h1>"));
  }
  SUBCASE("a public one is the same wherever it lies") {
    write_whole_run(folder.path() / "a", "sgd", 1, "data-dir = \"/x/mnist\"\nthreads = 1");
    write_whole_run(folder.path() / "b", "sgd", 2, "data-dir = \"/y/mnist\"\nthreads = 2");
    REQUIRE(report(shell_word(folder.path()) + " --out " + shell_word(out)).code == 0);
    CHECK(groups_of(read_file(out))[0]["runs"].size() == 2);
  }
}

TEST_CASE("apps.report.labels_are_what_differs") {
  const TemporaryFolder folder;
  const std::string out = folder / "page.html";
  const auto labels = [&] {
    REQUIRE(report(shell_word(folder.path()) + " --out " + shell_word(out)).code == 0);
    return labels_of(groups_of(read_file(out)));
  };
  write_whole_run(folder.path() / "a", "sgd", 1, "lr = 0.1");
  write_whole_run(folder.path() / "b", "sgd", 1, "lr = 0.2\nbatch-size = 64");
  write_whole_run(folder.path() / "c", "adam", 1);
  CHECK(labels() ==
        std::vector<std::string>{"sgd (lr 0.1)", "sgd (lr 0.2, batch-size 64)", "adam"});
  // Nothing tells them apart but where they lie.
  write_whole_run(folder.path() / "a", "sgd", 1, "keep-best = true");
  fs::remove_all(folder.path() / "c");
  fs::create_directory(folder.path() / "b2");
  fs::rename(folder.path() / "b", folder.path() / "b2" / "a");
  write_run(folder.path() / "a", metrics(0.5));
  fs::remove(folder.path() / "a" / "config.toml");
  fs::remove(folder.path() / "b2" / "a" / "config.toml");
  CHECK(labels() == std::vector<std::string>{"a (a) #1", "a (a) #2"});
}

TEST_CASE("apps.report.variants_of_a_comparison") {
  const TemporaryFolder folder;
  for (const int seed : {1, 2}) {
    const std::string end = "-seed-" + std::to_string(seed);
    write_whole_run(folder.path() / ("sgd" + end), "sgd", seed, "lr = 0.1", 0.5 + 0.01 * seed);
    write_whole_run(folder.path() / ("fast" + end), "sgd", seed, "lr = 0.5", 0.7 + 0.01 * seed);
  }
  write_file(folder / "compare.json",
             R"({"data": "mnist", "epochs": 2, "seeds": [1, 2],)"
             R"( "settings": {"fast": "lr 0.5", "sgd": "lr 0.1", "late": "lr 0.7"},)"
             R"( "optimizers": [{"name": "fast", "optimizer": "sgd"}, {"name": "late"}]})");
  REQUIRE(report(shell_word(folder.path())).code == 0);
  const std::string page = read_file(folder / "report.html");
  CHECK(labels_of(groups_of(page)) ==
        std::vector<std::string>{"fast (sgd, lr 0.5)", "sgd (lr 0.1)", "late"});
  CHECK(contains(page, "not finished in 2 of 2 seeds"));
}

TEST_CASE("apps.report.diverged_and_unfinished") {
  const TemporaryFolder folder;
  for (const int seed : {1, 2, 3}) {
    const std::string end = "-seed-" + std::to_string(seed);
    write_whole_run(folder.path() / ("adam" + end), "adam", seed, "", 0.6);
    write_whole_run(folder.path() / ("sgd" + end), "sgd", seed, "", 0.5);
  }
  write_file(folder.path() / "sgd-seed-2" / "diverged.json",
             R"({"epoch": 1, "where": "the loss is not a number in epoch 1, step 3"})");
  fs::remove(folder.path() / "sgd-seed-2" / "metrics.jsonl");
  const std::string one_epoch = metrics(0.55).substr(0, metrics(0.55).find('\n') + 1);
  write_file(folder.path() / "adam-seed-3" / "metrics.jsonl", one_epoch);
  for (const bool has_list : {false, true}) {
    if (has_list) {
      write_file(folder / "compare.json", R"({"seeds": [1, 2, 3, 4],)"
                                          R"( "settings": {"adam": "lr 1", "sgd": "lr 1"}})");
    }
    const ProgramResult result = report(shell_word(folder.path()));
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    const std::string page = read_file(folder / "report.html");
    CHECK(contains(page, has_list
                             ? "diverged in 1 of 4 seeds, not finished in 1 of 4 seeds; seed 2: "
                             : "diverged in 1 of 3 seeds; seed 2: the loss is not a number"));
    CHECK(contains(page, has_list ? "not finished in 2 of 4 seeds; seed 3: 55.00% after 1 of 2"
                                  : "not finished in 1 of 3 seeds; seed 3: 55.00% after 1 of 2"));
    CHECK(contains(page, "60.00 ± 0.00"));
    CHECK_FALSE(contains(page, ">nan"));
  }
  // Alone, before its first epoch was done.
  REQUIRE(report(shell_word(folder / "sgd-seed-2")).code == 0);
  CHECK(contains(read_file(folder.path() / "sgd-seed-2" / "report.html"), "<td>diverged</td>"));
  write_file(folder.path() / "sgd-seed-2" / "diverged.json", "{\"epoch\": 0}");
  const ProgramResult result = report(shell_word(folder / "sgd-seed-2"));
  CHECK(result.code == 1);
  CHECK(contains(result.err, "diverged.json: expected an object"));
}

TEST_CASE("apps.report.early_stopping_is_an_end") {
  const TemporaryFolder folder;
  write_whole_run(folder.path() / "run", "sgd", 1, "epochs = 10\nearly-stopping = 1");
  REQUIRE(report(shell_word(folder / "run")).code == 0);
  CHECK(contains(read_file(folder.path() / "run" / "report.html"), "<td>50.00</td>"));
  write_whole_run(folder.path() / "run", "sgd", 1, "epochs = 10\nearly-stopping = 2");
  REQUIRE(report(shell_word(folder / "run")).code == 0);
  CHECK(
      contains(read_file(folder.path() / "run" / "report.html"), "not finished in the only seed"));
}

TEST_CASE("apps.report.validation") {
  const TemporaryFolder folder;
  const std::string config =
      "epochs = 10\nearly-stopping = 2\nlimit-per-class = 5\nvalidation = 0.1\n"
      "label-noise = 0.2\nlabel-noise-kind = \"pair\"";
  // By the test set, the run would have had to go on.
  const std::vector<std::pair<double, double>> accuracies = {
      {0.5, 0.25}, {0.75, 0.5}, {0.5, 0.375}, {0.625, 0.625}};
  std::string text;
  for (const auto& [validation, test] : accuracies) {
    const auto epoch = 1 + std::count(text.begin(), text.end(), '\n');
    text += json({{"epoch", epoch},
                  {"validation_loss", 1.0},
                  {"validation_accuracy", validation},
                  {"test_accuracy", test},
                  {"seconds", 0.5}})
                .dump() +
            "\n";
  }
  write_whole_run(folder.path() / "run", "sgd", 1, config);
  write_run(folder.path() / "run", text);
  REQUIRE(report(shell_word(folder / "run")).code == 0);
  const std::string page = read_file(folder.path() / "run" / "report.html");
  CHECK(contains(page, "5 per class, validation 0.1, pair label noise 0.2"));
  CHECK_FALSE(contains(page, "not finished"));
  CHECK(contains(page, "<th scope=\"col\">validation accuracy, %</th>"));
  // Test and validation after the last epoch, test after the second.
  CHECK(contains(page, "<td>62.50</td><td>62.50</td><td>50.00</td><td>2</td>"));
  CHECK(groups_of(page)[0]["runs"][0]["chosen"] == 2);
  const json epoch = groups_of(page)[0]["runs"][0]["epochs"][1];
  CHECK(epoch["validation_accuracy"] == 0.75);
  CHECK(epoch["validation_loss"] == 1.0);
  CHECK(contains(page, "'Validation accuracy'"));

  write_run(folder.path() / "run",
            R"({"epoch": 1, "test_accuracy": 0.5, "validation_accuracy": 50, "seconds": 1})");
  const ProgramResult wrong = report(shell_word(folder / "run"));
  CHECK(wrong.code == 1);
  CHECK(contains(wrong.err, "expected \"validation_accuracy\" from 0 to 1, found 50"));

  write_whole_run(folder.path() / "run", "sgd", 1);
  REQUIRE(report(shell_word(folder / "run")).code == 0);
  CHECK_FALSE(contains(read_file(folder.path() / "run" / "report.html"), "validation accuracy, %"));
  CHECK_FALSE(
      groups_of(read_file(folder.path() / "run" / "report.html"))[0]["runs"][0].contains("chosen"));
}

TEST_CASE("apps.report.names_no_place") {
  const TemporaryFolder folder;
  const fs::path home = folder.path() / "runs";
  write_whole_run(home / "one" / "a", "sgd", 1,
                  "data-dir = \"/home/somebody/data/mnist\"\nout = \"/home/somebody/runs\"");
  write_whole_run(home / "two" / "a", "adam", 1,
                  "data = \"folder\"\ndata-dir = \"/home/somebody/pets/\"");
  write_whole_run(home / "three" / "sgd-seed-1", "sgd", 1);
  write_file(home / "three" / "compare.json",
             R"({"data": "mnist", "out": "/home/somebody/three", "seeds": [1],)"
             R"( "settings": {"sgd": "lr 1"}})");
  const std::string out = folder / "page.html";
  const ProgramResult result = report(shell_word(home) + " --out " + shell_word(out));
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  const std::string page = read_file(out);
  CHECK_FALSE(contains(page, "somebody"));
  CHECK_FALSE(contains(page, folder.path().string()));
  CHECK(contains(page, "data-dir = pets\n"));
  CHECK(contains(page, "<h3>one/a</h3>"));
}

TEST_CASE("apps.report.takes_what_it_wrote") {
  const TemporaryFolder folder;
  const fs::path home = folder.path() / "runs";
  write_whole_run(home / "alone", "adam", 1);
  write_whole_run(home / "compared" / "sgd-seed-1", "sgd", 1);
  write_file(home / "compared" / "compare.json", R"({"seeds": [1], "settings": {"sgd": "lr 1"}})");
  for (const fs::path& run : {home / "alone", home / "compared", home}) {
    for (int i = 0; i < 2; ++i) {
      CAPTURE(run.string());
      const ProgramResult result = report(shell_word(run));
      CAPTURE(result.err);
      CHECK(result.code == 0);
    }
  }
  CHECK(groups_of(read_file(home / "report.html")).size() == 2);
  // As a shell expands runs/*.
  const ProgramResult all =
      report(shell_word(home / "alone") + " " + shell_word(home / "compared") + " " +
             shell_word(home / "report.html") + " --out " + shell_word(home / "report.html"));
  CHECK(all.code == 0);
  CHECK(contains(all.out, "report.html is a report itself"));
  const ProgramResult only = report(shell_word(home / "report.html") + " --out x.html");
  CHECK(only.code == 1);
  CHECK(contains(only.err, "no run to show"));
}

TEST_CASE("apps.report.folders_that_people_make") {
  const TemporaryFolder folder;
  const fs::path home = folder.path() / "home";
  write_whole_run(home / "sgd-seed-1", "sgd", 1);
  write_whole_run(home / "sgd-seed-2", "sgd", 2);
  const auto run_with = [&](const std::string& comparison) {
    write_file(home / "compare.json", comparison);
    CAPTURE(comparison.substr(0, 200));
    const ProgramResult result = report(shell_word(home));
    CAPTURE(result.err);
    CHECK((result.code == 0 || result.code == 1));
    CHECK((result.code == 0 || contains(result.err, "plastic: [report] ")));
    return result;
  };
  const auto refused = [&](const std::string& comparison, const std::string& message) {
    const ProgramResult result = run_with(comparison);
    CHECK(result.code == 1);
    CHECK(contains(result.err, message));
  };

  SUBCASE("seeds and rows that are not there") {
    const std::string list = R"({"settings": {"sgd": "x"}, "seeds": )";
    CHECK(contains(run_with(list + "[1]}").out,
                   "Left out of home, as its compare.json does not list them: sgd-seed-2."));
    CHECK(contains(read_file(home / "report.html"), "does not list them: sgd-seed-2."));
    refused(list + "[41, 42]}", "compare.json lists none of the runs here, which are sgd-seed-1");
    refused(list + "[]}", "lists none of the runs here");
    refused(R"({"settings": {"adam": "x"}})", "lists none of the runs here");
    refused(R"({"settings": {}})", "lists none of the runs here");
    CHECK(run_with(list + "[1, 2, 3]}").code == 0);
    CHECK(run_with("{}").code == 0);
    fs::rename(home / "sgd-seed-1", home / "renamed");
    CHECK(run_with(list + "[1, 2]}").code == 0);
    fs::rename(home / "sgd-seed-2", home / "renamed too");
    refused(list + "[1, 2]}", "which are renamed, renamed too");
    CHECK(run_with("{}").code == 0);
    fs::remove_all(home / "renamed");
    fs::remove_all(home / "renamed too");
    refused(list + "[1, 2]}", "no run has done an epoch");
  }

  SUBCASE("values of the wrong types") {
    refused("null", "expected an object, found null");
    refused("[]", "expected an object, found array");
    refused("3", "expected an object, found number");
    refused("", "this is not JSON");
    refused(R"({"seeds": null})", "expected a list for \"seeds\", found null");
    refused(R"({"seeds": 1})", "expected a list");
    refused(R"({"seeds": {"a": 1}})", "expected a list");
    refused(R"({"seeds": [null]})", "expected whole numbers from 0");
    refused(R"({"seeds": ["1"]})", "expected whole numbers from 0");
    refused(R"({"seeds": [-1]})", "expected whole numbers from 0");
    refused(R"({"seeds": [1.5]})", "expected whole numbers from 0");
    refused(R"({"seeds": [1e300]})", "expected whole numbers from 0");
    refused(R"({"seeds": [1e999]})", "this is not JSON");
    refused(R"({"seeds": [99999999999999999999999]})", "expected whole numbers from 0");
    refused(R"({"seeds": [[1]]})", "expected whole numbers from 0");
    refused(R"({"seeds": [1, 1]})", "the seed 1 is given twice");
    refused(R"({"settings": null})", "expected an object for \"settings\"");
    refused(R"({"settings": ["sgd"]})", "expected an object for \"settings\"");
    refused(R"({"settings": {"sgd": null}})", "expected texts in \"settings\"");
    refused(R"({"settings": {"sgd": {"lr": 1}}})", "expected texts in \"settings\"");
    refused(R"({"settings": {"sgd": "x"}, "optimizers": null})", "expected a list");
    refused(R"({"settings": {"sgd": "x"}, "optimizers": [1]})", "expected objects");
    refused(R"({"settings": {"sgd": "x"}, "optimizers": [{"name": 1, "optimizer": 2}]})",
            "expected texts");
    // What is only shown is left out.
    CHECK(run_with(R"({"data": null, "model": {"a": [1]}, "epochs": [[]], "hidden": "x"})").code ==
          0);
    CHECK(run_with(R"({"data": 7, "epochs": -1e300, "fraction": "much"})").code == 0);
  }

  SUBCASE("deep nesting") {
    for (const std::size_t depth : {17, 1000, 1'000'000}) {
      const std::string lists = std::string(depth, '[') + std::string(depth, ']');
      refused(lists, "nested deeper than");
      refused("{\"seeds\": " + lists + "}", "nested deeper than");
      refused("{\"data\": " + lists + "}", "nested deeper than");
    }
    refused(std::string(5'000'000, ' '), "expected at most 4194304 bytes, found 5000000");
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += "{\"settings\":";
    refused(objects + "1" + std::string(100'000, '}'), "nested deeper than");
  }

  SUBCASE("runs without their configuration") {
    fs::remove(home / "sgd-seed-1" / "config.toml");
    CHECK(run_with(R"({"data": "mnist", "model": "mlp", "hidden": [16, 8], "epochs": 2,)"
                   R"( "fraction": 1.0, "seeds": [1, 2], "settings": {"sgd": "lr 0.1"}})")
              .code == 0);
    // Its conditions are those of the other, as compare.json says.
    CHECK(chart_data(read_file(home / "report.html"))["tables"].size() == 1);
    for (const char* config : {"seed = \"x\"\n", "epochs = -5\nseed = 1\n",
                               "epochs = 99999999999999\n", "data = 3\nhidden = [[1]]\n", "= 3"}) {
      write_file(home / "sgd-seed-1" / "config.toml", config);
      run_with("{}");
    }
  }
}

TEST_CASE("apps.report.escapes") {
  const TemporaryFolder folder;
  const std::string evil = "<script>alert(1)<|script>&\"'";
  SUBCASE("names of folders") {
    write_run(folder.path() / evil, metrics(0.5));
    REQUIRE(report(shell_word(folder.path()) + " --out " + shell_word(folder / "page.html")).code ==
            0);
    const std::string page = read_file(folder / "page.html");
    CHECK_FALSE(contains(page, "<script>alert"));
    CHECK(contains(page, "&lt;script&gt;alert(1)&lt;|script&gt;&amp;&quot;&#39;"));
    CHECK(groups_of(page)[0]["name"] == evil);
  }
  SUBCASE("everything that files say") {
    // Not for JSON: its strings have no control characters as they are.
    const std::string mark = "</script><b>q\\\"'&{{data}}";
    const std::string in_json = R"(</script><b>q\\\"'&{{data}}\u001b[31m\u0000\u202e\n)";
    const std::string in_toml = R"(</script><b>q\\\"'&{{data}}\u001b[31m\u202e\n)";
    const fs::path run = folder.path() / "sgd-seed-1";
    write_run(run, R"({"epoch": 1, "test_accuracy": 0.5, "seconds": 1, ")" + in_json +
                       R"(": 1, "diagnostics": {")" + in_json + R"(": 2}})" + "\n");
    write_file(run / "config.toml", "data = \"" + in_toml + "\"\nmodel = \"" + in_toml +
                                        "\"\noptimizer = \"" + in_toml + "\"\nseed = 1\n\"" +
                                        in_toml + "\" = \"" + in_toml + "\"\n");
    write_file(run / "diverged.json", R"({"epoch": 2, "where": ")" + in_json + "\"}");
    for (const bool has_list : {false, true}) {
      if (has_list) {
        write_file(folder / "compare.json", R"({"data": ")" + in_json + R"(", ")" + in_json +
                                                R"(": ")" + in_json +
                                                R"(", "settings": {"sgd": ")" + in_json + "\"}}");
      }
      const ProgramResult result =
          report(shell_word(folder.path()) + " --out " + shell_word(folder / "page.html"));
      CAPTURE(result.err);
      REQUIRE(result.code == 0);
      const std::string page = read_file(folder / "page.html");
      CHECK_FALSE(contains(page, "</script><b>"));
      CHECK_FALSE(contains(page, "<b>"));
      for (const char* unprintable : {"\x1b", "\xe2\x80\xae"}) {
        CHECK_FALSE(contains(page, unprintable));
      }
      CHECK(page.find('\0') == std::string::npos);
      CHECK(contains(page, "&lt;/script&gt;&lt;b&gt;"));
      // What stands for something in the template does not where it is put in.
      CHECK(contains(page, "{{data}}"));
      CHECK(chart_data(page)["tables"].size() == 1);
    }
  }
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
  rejects("{\"epoch\": 1, \"test_accuracy\": 97.5, \"seconds\": 1}\n",
          "expected \"test_accuracy\" from 0 to 1, found 97.5");
  rejects("{\"epoch\": 1, \"test_accuracy\": 1e308, \"seconds\": 1}\n",
          "expected \"test_accuracy\"");
  rejects("{\"epoch\": 1, \"test_accuracy\": 0.5, \"seconds\": 1e308}\n", "expected a time");
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

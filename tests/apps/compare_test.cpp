#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/apps/program.h"

using namespace plastic::tests;
using nlohmann::json;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("apps.compare.table") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  const std::string common = " --data mnist --data-dir '" + folder.path().string() +
                             "' --hidden 16 --batch-size 20 --epochs 2 --fraction 0.5 --threads 2";
  const std::string out = folder / "out";
  const ProgramResult result = run_program(
      "compare --optimizers neuroplastic,grad-only,sgd --seeds 5,6 --out '" + out + "'" + common);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);

  SUBCASE("is printed with its conclusion") {
    CHECK(contains(result.out, "points vs first"));
    CHECK(contains(result.out, "[6/6] sgd seed 6"));
    CHECK(contains(result.out, "The highest mean test accuracy is "));
    CHECK(contains(result.out, "2 seeds are few"));
    std::istringstream lines(result.out.substr(result.out.find("points vs first")));
    int rows = 0;
    for (std::string line; std::getline(lines, line);) rows += contains(line, " ± ") ? 1 : 0;
    CHECK(rows >= 3);
  }

  SUBCASE("is kept, with every run's metrics") {
    const json comparison = json::parse(read_file(out + "/compare.json"));
    REQUIRE(comparison["optimizers"].size() == 3);
    CHECK(comparison["seeds"] == json({5, 6}));
    CHECK(contains(result.out, comparison["conclusion"].get<std::string>()));
    for (const json& row : comparison["optimizers"]) {
      const std::string name = row["optimizer"];
      for (const std::size_t i : {0, 1}) {
        const std::string metrics =
            read_file(out + "/" + name + "-seed-" + std::to_string(5 + i) + "/metrics.jsonl");
        CHECK(std::count(metrics.begin(), metrics.end(), '\n') == 2);
        const json last = json::parse(metrics.substr(metrics.find('\n') + 1));
        CHECK(row["test_accuracies"][i] == last["test_accuracy"]);
      }
    }
  }

  SUBCASE("holds what train gives for the same seed") {
    const std::string alone = folder / "alone";
    REQUIRE(run_program("train --optimizer sgd --seed 6 --out '" + alone + "'" + common).code == 0);
    const auto first_loss = [](const std::string& path) {
      const std::string text = read_file(path + "/metrics.jsonl");
      return json::parse(text.substr(0, text.find('\n')))["train_loss"];
    };
    CHECK(first_loss(alone) == first_loss(out + "/sgd-seed-6"));
  }
}

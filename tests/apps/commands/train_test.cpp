#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "plastic/core/device.h"
#include "plastic/core/version.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::test;
using nlohmann::json;

namespace {

std::vector<json> read_metrics(const std::filesystem::path& folder) {
  std::vector<json> epochs;
  std::istringstream lines(read_file(folder / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) epochs.push_back(json::parse(line));
  return epochs;
}

// Trains on a tiny mnist, with a result folder of its own.
std::vector<json> train(const std::string& arguments) {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  const std::string out = folder / "out";
  const ProgramResult result =
      run_program("train --data mnist --data-dir '" + folder.path().string() + "' --out '" + out +
                  "' --hidden 16 --batch-size 20 " + arguments);
  CAPTURE(arguments);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  return read_metrics(out);
}

void check_metrics(const std::vector<json>& epochs, std::size_t count) {
  REQUIRE(epochs.size() == count);
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(epochs[i]["epoch"] == i + 1);
    for (const char* key : {"train_accuracy", "test_accuracy"}) {
      CHECK(epochs[i][key].get<double>() >= 0.0);
      CHECK(epochs[i][key].get<double>() <= 1.0);
    }
    for (const char* key : {"train_loss", "test_loss", "seconds", "images_per_second"}) {
      CHECK(epochs[i][key].get<double>() > 0.0);
    }
  }
}

}  // namespace

TEST_CASE("apps.train.metrics") {
  for (const char* optimizer : {"neuroplastic", "grad-only", "sgd", "adam", "adamw"}) {
    for (const char* paper : {"", " --paper"}) {
      CAPTURE(optimizer);
      const std::vector<json> epochs =
          train(std::string("--epochs 3 --dropout 0 --optimizer ") + optimizer + paper);
      check_metrics(epochs, 3);
      CHECK(epochs[2]["train_loss"] < epochs[0]["train_loss"]);
      CHECK_FALSE(epochs[0].contains("diagnostics"));
    }
  }
}

TEST_CASE("apps.train.learns") {
  const std::vector<json> epochs = train("--epochs 30 --optimizer adam --lr 0.003 --dropout 0");
  CHECK(epochs.back()["test_accuracy"] == 1.0);
  CHECK(epochs.back()["train_accuracy"] == 1.0);
}

TEST_CASE("apps.train.digits") {
  const TemporaryFolder out;
  const ProgramResult result = run_program("train --fraction 0.05 --epochs 2 --hidden 32 --out '" +
                                           out.path().string() + "'");
  REQUIRE(result.code == 0);
  check_metrics(read_metrics(out.path()), 2);
  CHECK(contains(result.out, "500 of 10000 training images"));
  CHECK(contains(result.out, "epoch 1/2"));
  CHECK(contains(result.out, "epoch 2/2"));
  CHECK_FALSE(contains(result.out, "\r"));
}

TEST_CASE("apps.train.diagnostics") {
  const std::vector<json> epochs = train("--epochs 2 --np.diagnostics --np.max-alpha 3");
  check_metrics(epochs, 2);
  REQUIRE(epochs[1].contains("diagnostics"));
  const json& diagnostics = epochs[1]["diagnostics"];
  REQUIRE(diagnostics.size() == 12);
  CHECK(diagnostics["alpha_mean"] > diagnostics["alpha_min"]);
  CHECK(diagnostics["alpha_mean"] < diagnostics["alpha_max"]);
  CHECK(diagnostics["raw_gradient_norm"] > 0.0);
  CHECK_FALSE(train("--epochs 1 --np.diagnostics false")[0].contains("diagnostics"));
}

TEST_CASE("apps.train.repeatable") {
  const auto without_times = [](std::vector<json> epochs) {
    for (json& epoch : epochs) {
      epoch.erase("seconds");
      epoch.erase("images_per_second");
    }
    return epochs;
  };
  const std::string arguments = "--epochs 2 --fraction 0.5 --threads 2 ";
  const std::vector<json> first = without_times(train(arguments + "--seed 7"));
  CHECK(first == without_times(train(arguments + "--seed 7")));
  CHECK(first != without_times(train(arguments + "--seed 8")));
}

TEST_CASE("apps.train.options_reach_the_optimizer") {
  const json plain = train("--epochs 1")[0]["train_loss"];
  for (const char* arguments :
       {"--lr 0.01", "--weight-decay 0.1", "--dropout 0", "--np.max-alpha 1.1",
        "--np.hybrid-base adamw", "--np.mode ablation_grad_only"}) {
    CAPTURE(arguments);
    CHECK(train(std::string("--epochs 1 ") + arguments)[0]["train_loss"] != plain);
  }
  const json sgd = train("--epochs 1 --optimizer sgd")[0]["train_loss"];
  CHECK(train("--epochs 1 --optimizer sgd --momentum 0")[0]["train_loss"] != sgd);
  const std::vector<json> decayed = train("--epochs 2 --optimizer sgd --lr-decay 0.5");
  CHECK(decayed[0]["train_loss"] == sgd);
  CHECK(decayed[1]["train_loss"] != train("--epochs 2 --optimizer sgd")[1]["train_loss"]);
}

TEST_CASE("apps.train.diverges") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  const ProgramResult result =
      run_program("train --data mnist --data-dir '" + folder.path().string() +
                  "' --hidden 16 --batch-size 20 --optimizer sgd --lr 1e30");
  CHECK(result.code == 1);
  CHECK(result.err.starts_with("plastic: [train]"));
  CHECK(contains(result.err, "epoch 1, step "));
  CHECK(contains(result.err, "smaller --lr"));
}

TEST_CASE("apps.info.reports") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  const ProgramResult result = run_program("info --data-dir '" + folder.path().string() + "'");
  CHECK(result.code == 0);
  CHECK(contains(result.out, PLASTIC_VERSION));
  CHECK(contains(result.out, "devices              cpu\n"));
  CHECK(contains(result.out, "cuda: f32, tf32, bf16"));
  CHECK(contains(result.out, plastic::cuda_unavailable_reason()));
  CHECK(contains(result.out, "found in " + folder.path().string()));
  const TemporaryFolder empty;
  const ProgramResult nothing = run_program("info --data-dir '" + empty.path().string() + "'");
  CHECK(contains(nothing.out, "not found in " + empty.path().string()));
  CHECK(contains(nothing.out, "to get it: "));
}

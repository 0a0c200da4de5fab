// What is chosen while a run trains is chosen by its validation part, and never by the test set.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/cli/config_file.h"
#include "apps/runs/metrics.h"
#include "apps/runs/saved_run.h"
#include "plastic/core/safetensors.h"
#include "plastic/data/digits.h"
#include "tests/apps/program.h"

using namespace plastic;
using namespace plastic::apps;
using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

/// The same images to train on, with a test set whose labels say something else.
data::DatasetPair with_other_test_labels(const data::DatasetPair& data) {
  data::DatasetPair other = data;
  std::vector<std::int64_t> labels = data.test.labels.to_vector<std::int64_t>();
  for (std::int64_t& label : labels) label = (label + 1) % 10;
  other.test.labels = Tensor::from(std::span<const std::int64_t>(labels), {std::ssize(labels)});
  return other;
}

struct Kept {
  std::vector<EpochResult> results;
  Safetensors best;
};

Kept run(const fs::path& folder, const data::DatasetPair& data) {
  TrainConfig config{.validation = 0.25, .hidden = {{24}}, .epochs = 60, .batch_size = 20};
  config.optimizer = default_settings("adam", false);
  const SavedRunOptions options{.folder = folder,
                                .config = config_text({.run = config, .threads = 1}),
                                .epochs = config.epochs,
                                .keep_best = true,
                                .early_stopping = 4};
  fs::create_directory(folder);
  start_folder(folder, options.config);
  TrainingObserver observer;
  Training training(config, data, observer);
  return {.results = run_saved(options, training, std::nullopt),
          .best = load_safetensors(best_path(folder))};
}

template <class Pick>
std::ptrdiff_t first_best(const std::vector<EpochResult>& results, Pick pick) {
  return std::ranges::max_element(results, {}, pick) - results.begin() + 1;
}

}  // namespace

TEST_CASE("apps.selection.never_consults_the_test_set") {
  const TemporaryFolder folder;
  const data::DatasetPair digits = data::digits({.train_size = 200, .test_size = 100});
  const Kept usual = run(folder.path() / "usual", digits);
  const Kept other = run(folder.path() / "other", with_other_test_labels(digits));

  const auto by_validation = first_best(usual.results, [](const EpochResult& result) {
    return result.validation_accuracy.value_or(-1.0);
  });
  // By the other test set's labels, which training unlearns, an early epoch would be the best one.
  const auto by_test = first_best(other.results, &EpochResult::test_accuracy);
  REQUIRE(by_test != by_validation);

  CHECK(usual.results.size() < 60);
  CHECK(std::ssize(usual.results) == by_validation + 4);
  CHECK(other.results.size() == usual.results.size());
  for (const Kept* kept : {&usual, &other}) {
    CHECK(kept->best.metadata.at("epoch") == std::to_string(by_validation));
    const EpochResult& chosen = kept->results[static_cast<std::size_t>(by_validation) - 1];
    CHECK(std::stod(kept->best.metadata.at("test_accuracy")) == chosen.test_accuracy);
    CHECK(std::stod(kept->best.metadata.at("validation_accuracy")) ==
          chosen.validation_accuracy.value_or(-1.0));
  }
  REQUIRE(usual.best.tensors.size() == other.best.tensors.size());
  for (std::size_t i = 0; i < usual.best.tensors.size(); ++i) {
    CHECK(usual.best.tensors[i].tensor.to_vector<float>() ==
          other.best.tensors[i].tensor.to_vector<float>());
  }
  // Metrics are read back with what was measured.
  const std::vector<EpochResult> read =
      MetricsFile(folder.path() / "usual").resume(static_cast<int>(usual.results.size()));
  for (std::size_t i = 0; i < read.size(); ++i) {
    CHECK(read[i].validation_loss == usual.results[i].validation_loss);
    CHECK(read[i].validation_accuracy == usual.results[i].validation_accuracy);
  }
}

TEST_CASE("apps.selection.of_the_program") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  const std::string data = " --data mnist --data-dir '" + folder.path().string() +
                           "' --hidden 16 --batch-size 20 --threads 1 --epochs 3 ";
  const std::string out = folder / "run";
  const ProgramResult result = require_done(
      "train" + data + "--validation 0.2 --label-noise 0.25 --keep-best --out '" + out + "'");
  const auto has = [&result](const std::string& part) {
    CAPTURE(part);
    CHECK(result.out.find(part) != std::string::npos);
  };
  has(": 160 of 200 training images, 40 for validation, 50 test images\n");
  has("labels     40 of the training images have a wrong one (symmetric)\n");
  has("  validation loss ");
  has("final test accuracy ");
  has(", validation accuracy ");
  has("best validation accuracy ");
  has(", where the test accuracy is ");
  const std::string config = read_file(out + "/config.toml");
  CHECK(config.find("validation = 0.2\nlabel-noise = 0.25\nlabel-noise-kind = \"symmetric\"\n") !=
        std::string::npos);
  const std::string metrics = read_file(out + "/metrics.jsonl");
  CHECK(metrics.find("\"validation_accuracy\":") != std::string::npos);

  const ProgramResult idle = require_done("train" + data + "--label-noise-kind pair");
  CHECK(idle.out.find("warning    --label-noise-kind pair has no effect without --label-noise") !=
        std::string::npos);
  CHECK(idle.out.find("validation") == std::string::npos);
}

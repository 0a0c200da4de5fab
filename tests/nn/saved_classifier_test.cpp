#include "plastic/nn/saved_classifier.h"

#include <doctest/doctest.h>

#include <string>

#include "plastic/core/error.h"
#include "plastic/nn/models.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text.h"

namespace plastic {
namespace {

using test::contains;

nn::SavedClassifier sample() {
  nn::SavedClassifier classifier;
  classifier.data = "mine";
  classifier.height = 2;
  classifier.width = 3;
  classifier.mean = {0.5F};
  classifier.deviation = {0.25F};
  classifier.class_names = {"no", "yes"};
  classifier.model = "mlp";
  classifier.hidden = {4};
  classifier.dropout = 0;
  classifier.epoch = 3;
  classifier.network = nn::mlp({.inputs = 6, .hidden = {4}, .classes = 2, .dropout = 0});
  classifier.network->eval();
  return classifier;
}

std::string refusal_of_saving(const nn::SavedClassifier& classifier) {
  const test::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "network.safetensors";
  try {
    nn::save_classifier(path, classifier);
  } catch (const Error& error) {
    CHECK_FALSE(std::filesystem::exists(path));
    return error.what();
  }
  return "nothing was refused";
}

TEST_CASE("nn.saved_classifier.a_network_of_ones_own") {
  const test::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "network.safetensors";
  const nn::SavedClassifier own = sample();
  nn::save_classifier(path, own);
  const nn::SavedClassifier loaded = nn::load_run(path);
  CHECK(loaded.class_names == own.class_names);
  CHECK(loaded.epoch == 3);
  const Tensor x = Tensor::full({2, 1, 2, 3}, 0.75);
  CHECK((*loaded.network)(x).to_vector<float>() == (*own.network)(x).to_vector<float>());
}

TEST_CASE("nn.saved_classifier.what_could_not_be_loaded_is_not_written") {
  nn::SavedClassifier without_network = sample();
  without_network.network = nullptr;
  CHECK(contains(refusal_of_saving(without_network), "no network"));
  nn::SavedClassifier without_epoch = sample();
  without_epoch.epoch = 0;
  CHECK(contains(refusal_of_saving(without_epoch), "epoch of 1 or more"));
  nn::SavedClassifier without_model = sample();
  without_model.model.clear();
  CHECK(contains(refusal_of_saving(without_model), "model_table()"));
  nn::SavedClassifier without_mean = sample();
  without_mean.mean.clear();
  CHECK(contains(refusal_of_saving(without_mean), "network.safetensors"));
}

TEST_CASE("nn.saved_classifier.more_classes_than_the_file_can_hold") {
  const test::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "network.safetensors";
  nn::SavedClassifier classifier = sample();
  classifier.class_names.assign(1000, "");
  nn::save_classifier(path, classifier);
  std::string message = "nothing was refused";
  try {
    nn::load_run(path);
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(contains(message, "a layer of 4 to 1000 is more than"));
}

}  // namespace
}  // namespace plastic

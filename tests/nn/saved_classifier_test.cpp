#include "plastic/nn/saved_classifier.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "plastic/core/error.h"
#include "plastic/nn/model_table.h"
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
  CHECK(contains(message, "its layers have 4024 weights or more, which is more than"));
}

// It would take memory for weights that the file only claims to have.
TEST_CASE("nn.saved_classifier.a_network_that_is_larger_than_its_file_is_not_made") {
  const test::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "network.safetensors";
  for (const char* model : {"mlp", "lenet", "small_cnn", "resnet18"}) {
    CAPTURE(model);
    nn::SavedClassifier classifier = sample();
    classifier.model = model;
    classifier.hidden.reset();
    classifier.dropout.reset();
    classifier.height = classifier.width = 256;
    // As many numbers as the image has pixels, and not those of the network.
    classifier.network = nn::mlp({.inputs = 256 * 256, .hidden = {1}, .classes = 2, .dropout = 0});
    nn::save_classifier(path, classifier);
    std::string message = "nothing was refused";
    try {
      nn::load_run(path);
    } catch (const Error& error) {
      message = error.what();
    }
    CHECK_MESSAGE(contains(message, "which is more than the 65541 numbers of the file"), message);
  }
}

TEST_CASE("nn.saved_classifier.the_least_numbers_of_a_model_are_no_more_than_it_has") {
  for (const nn::ModelEntry& entry : nn::model_table()) {
    CAPTURE(entry.name);
    const nn::NamedModelOptions options{.images = {.channels = 3, .height = 20, .width = 24},
                                        .hidden = entry.hidden,
                                        .dropout = entry.dropout};
    std::int64_t has = 0;
    for (const Tensor& parameter : entry.make(options)->parameters()) has += parameter.numel();
    const std::int64_t least = entry.numbers(options);
    CHECK(least <= has);
    CHECK(least > has * 3 / 4);
  }
}

}  // namespace
}  // namespace plastic

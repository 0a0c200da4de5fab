// What a run trains on, and what it sets aside.
#include "apps/training/training_part.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "apps/cli/values.h"
#include "apps/training/last_batch.h"
#include "plastic/data/digits.h"

using namespace plastic;
using namespace plastic::apps;

namespace {

/// Images of two pixels that number them, `sizes[c]` of each class c, one class after the other.
data::ImageDataset numbered(const std::vector<std::int64_t>& sizes) {
  std::vector<std::uint8_t> pixels;
  std::vector<std::int64_t> labels;
  std::vector<std::string> names;
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    names.push_back("class " + std::to_string(c));
    for (std::int64_t i = 0; i < sizes[c]; ++i) {
      pixels.push_back(static_cast<std::uint8_t>(labels.size() / 256));
      pixels.push_back(static_cast<std::uint8_t>(labels.size() % 256));
      labels.push_back(static_cast<std::int64_t>(c));
    }
  }
  const std::int64_t count = std::ssize(labels);
  return {.images = Tensor::from(std::span<const std::uint8_t>(pixels), {count, 1, 1, 2}),
          .labels = Tensor::from(std::span<const std::int64_t>(labels), {count}),
          .class_names = names,
          .mean = {0.5F},
          .deviation = {0.5F}};
}

std::vector<std::int64_t> labels_of(const data::ImageDataset& dataset) {
  return dataset.labels.to_vector<std::int64_t>();
}

/// The numbers of the images.
std::vector<std::int64_t> images_of(const data::ImageDataset& dataset) {
  const auto pixels = dataset.images.to_vector<std::uint8_t>();
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < pixels.size(); i += 2) {
    numbers.push_back(256 * pixels[i] + pixels[i + 1]);
  }
  return numbers;
}

std::vector<std::int64_t> sizes_of_classes(const data::ImageDataset& dataset) {
  std::vector<std::int64_t> sizes(dataset.class_names.size());
  for (const std::int64_t label : labels_of(dataset)) ++sizes[static_cast<std::size_t>(label)];
  return sizes;
}

/// Those of both, in order.
std::vector<std::int64_t> joined(std::vector<std::int64_t> a, const std::vector<std::int64_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::ranges::sort(a);
  return a;
}

std::string refusal(const TrainConfig& config, const data::ImageDataset& all) {
  try {
    check_training_part(config, all);
  } catch (const UsageError& error) {
    CHECK_THROWS_WITH_AS(training_part(config, all), error.what(), UsageError);
    return error.what();
  }
  return "no refusal";
}

struct CountSteps : TrainingObserver {
  void on_step(const StepResult& result) override { steps = result.step; }
  std::int64_t steps = 0;
};

}  // namespace

TEST_CASE("apps.training_part.without_options_it_is_the_subset_as_ever") {
  const data::ImageDataset all = numbered({100, 50});
  const TrainingPart whole = training_part({.seed = 3}, all);
  CHECK(whole.train.images.impl() == all.images.impl());
  CHECK(whole.train.labels.impl() == all.labels.impl());
  CHECK_FALSE(whole.validation);
  CHECK(whole.mislabelled.empty());
  Generator generator{.seed = 3, .stream = streams::subset};
  CHECK(images_of(training_part({.fraction = 0.3, .seed = 3}, all).train) ==
        images_of(data::subset(all, 0.3, generator)));
}

TEST_CASE("apps.training_part.validation_is_stratified_and_apart") {
  const data::ImageDataset all = numbered({400, 100, 20});
  for (const bool is_limited : {false, true}) {
    CAPTURE(is_limited);
    TrainConfig config{.seed = 5};
    if (is_limited) config.limit_per_class = 20;
    const TrainingPart drawn = training_part(config, all);
    config.validation = 0.2;
    const TrainingPart part = training_part(config, all);
    REQUIRE(part.validation);
    CHECK(sizes_of_classes(*part.validation) ==
          (is_limited ? std::vector<std::int64_t>{4, 4, 4} : std::vector<std::int64_t>{80, 20, 4}));
    // Together they are what would be trained on without it.
    CHECK(joined(images_of(part.train), images_of(*part.validation)) == images_of(drawn.train));
    for (const data::ImageDataset* one : {&part.train, &*part.validation}) {
      const std::vector<std::int64_t> images = images_of(*one);
      const std::vector<std::int64_t> labels = labels_of(*one);
      for (std::size_t i = 0; i < images.size(); ++i) {
        CHECK(labels[i] == labels_of(all)[static_cast<std::size_t>(images[i])]);
      }
    }
    config.seed = 6;
    CHECK(images_of(*training_part(config, all).validation) != images_of(*part.validation));
  }
}

TEST_CASE("apps.training_part.noise_is_in_the_training_part_alone") {
  const data::ImageDataset all = numbered({200, 100, 50});
  for (const data::LabelNoise kind : {data::LabelNoise::symmetric, data::LabelNoise::pair}) {
    TrainConfig config{.fraction = 0.8, .validation = 0.2, .seed = 7};
    const TrainingPart clean = training_part(config, all);
    config.label_noise = 0.4;
    config.label_noise_kind = kind;
    const TrainingPart noisy = training_part(config, all);
    // Images, validation and its labels are those of the run without noise.
    CHECK(images_of(noisy.train) == images_of(clean.train));
    CHECK(images_of(*noisy.validation) == images_of(*clean.validation));
    CHECK(labels_of(*noisy.validation) == labels_of(*clean.validation));
    const std::vector<std::int64_t> right = labels_of(clean.train);
    const std::vector<std::int64_t> labels = labels_of(noisy.train);
    std::vector<std::int64_t> wrong;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == right[i]) continue;
      wrong.push_back(static_cast<std::int64_t>(i));
      if (kind == data::LabelNoise::pair) CHECK(labels[i] == (right[i] + 1) % 3);
    }
    CHECK(wrong == noisy.mislabelled);
    CHECK(std::ssize(wrong) == std::llround(0.4 * 224));
    CHECK(mislabelled_size(config, all) == std::ssize(wrong));
    config.seed = 8;
    CHECK(training_part(config, all).mislabelled != noisy.mislabelled);
  }
}

TEST_CASE("apps.training_part.sizes_and_steps_are_known_beforehand") {
  const data::DatasetPair digits = data::digits({.train_size = 400, .test_size = 10});
  for (const double validation : {0.0, 0.2, 0.33}) {
    for (const int choice : {0, 1, 2, 3}) {
      for (const bool drop_last : {false, true}) {
        TrainConfig config{.validation = validation,
                           .label_noise = 0.15,
                           .hidden = {{4}},
                           .epochs = 1,
                           .batch_size = 13,
                           .drop_last = drop_last};
        config.optimizer = default_settings("sgd", false);
        if (choice == 1) config.fraction = 0.37;
        if (choice == 2) config.fraction = 0.725;
        if (choice == 3) config.limit_per_class = 7;
        CAPTURE(validation);
        CAPTURE(choice);
        CAPTURE(drop_last);
        const TrainingPart part = training_part(config, digits.train);
        CHECK(training_size(config, digits.train) == part.train.size());
        CHECK(validation_size(config, digits.train) ==
              (part.validation ? part.validation->size() : 0));
        CHECK(mislabelled_size(config, digits.train) == std::ssize(part.mislabelled));
        CountSteps counter;
        run_training(config, digits, counter);
        CHECK(steps_per_epoch(config, digits.train) == counter.steps);
      }
    }
  }
}

TEST_CASE("apps.training_part.refuses") {
  const data::ImageDataset all = numbered({40, 8, 3});
  const std::pair<TrainConfig, const char*> cases[] = {
      {{.limit_per_class = 4},
       "--limit-per-class 4: class \"class 2\" has 3 images to train on; expected at most 3"},
      {{.limit_per_class = 0}, "--limit-per-class 0: expected at least 1"},
      {{.fraction = 0.5, .limit_per_class = 2}, "--fraction says as well how much"},
      {{.validation = 1}, "--validation 1: expected a share of the training images"},
      {{.validation = -0.5}, "--validation -0.5: expected a share"},
      {{.validation = std::nan("")}, "expected a share of the training images"},
      {{.validation = 0.001}, "of 51 images, that leaves none for validation; give a larger share"},
      {{.validation = 0.999}, "of 51 images, that leaves none to train on; give a smaller share"},
      {{.validation = 0.1},
       "of the 3 images of class \"class 2\" with seed 41, that leaves none for validation; give a "
       "larger share"},
      {{.validation = 0.9},
       "of the 3 images of class \"class 2\" with seed 41, that leaves none to train on; give a "
       "smaller share"},
      {{.limit_per_class = 1, .validation = 0.5}, "it needs a second image"},
      {{.label_noise = 1.5}, "--label-noise 1.5: expected a share of the labels, 0 to 1"},
      {{.label_noise = std::nan("")}, "expected a share of the labels"},
  };
  for (const auto& [config, reason] : cases) {
    const std::string message = refusal(config, all);
    CAPTURE(message);
    CAPTURE(reason);
    CHECK(message.find(reason) != std::string::npos);
    CHECK_THROWS_AS(check_batches(config, all), UsageError);
  }
  CHECK(refusal({.validation = 0.3}, all) == "no refusal");
  const data::ImageDataset one_class = numbered({10});
  for (const data::LabelNoise kind : {data::LabelNoise::symmetric, data::LabelNoise::pair}) {
    CHECK(refusal({.label_noise = 0.5, .label_noise_kind = kind}, one_class) ==
          "--label-noise 0.5: a wrong label takes a second class, and the data set has one");
  }
  // A class without images is nothing that a share could mend.
  CHECK(refusal({.validation = 0.2}, numbered({40, 0, 5})) == "no refusal");
  CHECK(
      refusal({.limit_per_class = 1}, numbered({40, 0, 5})) ==
      "--limit-per-class 1: class \"class 1\" has 0 images to train on; it needs some, or must be "
      "left out of the data set");
}

// Training sets whose last batch is not full.
#include "apps/training/last_batch.h"

#include <doctest/doctest.h>

#include "apps/cli/values.h"
#include "plastic/core/error.h"
#include "tests/apps/program.h"

using namespace plastic;
using namespace plastic::apps;

namespace {

data::ImageDataset images_of(std::int64_t count, std::int64_t side) {
  Generator generator{.seed = 2};
  Tensor labels = Tensor::zeros({count}, {.dtype = DType::i64});
  for (std::int64_t i = 0; i < count; ++i) labels.mutable_data<std::int64_t>()[i] = i % 2;
  return {.images = uniform({count, 1, side, side}, 0, 256, generator).to(DType::u8),
          .labels = labels,
          .class_names = {"even", "odd"},
          .mean = {0.5F},
          .deviation = {0.25F}};
}

TrainConfig config_of(const std::string& model, std::int64_t batch_size) {
  TrainConfig config{.model = model, .epochs = 1, .batch_size = batch_size};
  config.optimizer = default_settings("sgd", false);
  return config;
}

struct CountSteps : TrainingObserver {
  void on_step(const StepResult& result) override { steps = result.step; }
  std::int64_t steps = 0;
};

std::int64_t steps_of(const TrainConfig& config, const data::ImageDataset& images) {
  CountSteps counter;
  run_training(config, {"test", "generated", images, images_of(1, images.images.size(2))}, counter);
  return counter.steps;
}

}  // namespace

TEST_CASE("apps.last_batch.a_single_image_never_ends_a_run") {
  // At 8 x 8 pixels, the last layers of resnet18 have one value per channel and image.
  const data::ImageDataset images = images_of(5, 8);
  const TrainConfig resnet = config_of("resnet18", 2);
  CHECK(leaves_out_last_batch(resnet, images));
  CHECK(last_batch_text(resnet, images) ==
        ", the last one, of 1 image, left out: the network cannot be trained on a single image");
  CHECK(steps_of(resnet, images) == 2);
  // Where it can be trained on, it is.
  const TrainConfig mlp = config_of("mlp", 2);
  CHECK_FALSE(leaves_out_last_batch(mlp, images));
  CHECK(last_batch_text(mlp, images).empty());
  CHECK(steps_of(mlp, images) == 3);
  CHECK_FALSE(leaves_out_last_batch(config_of("resnet18", 5), images));
  CHECK_FALSE(leaves_out_last_batch(config_of("resnet18", 3), images));
  CHECK_FALSE(leaves_out_last_batch(config_of("resnet18", 2), images_of(5, 16)));
  // With nothing else to train on, the step itself says what is wrong.
  CHECK_FALSE(leaves_out_last_batch(resnet, images_of(1, 8)));
  CHECK_THROWS_WITH_AS(steps_of(resnet, images_of(1, 8)), doctest::Contains("[batch_norm]"), Error);
}

TEST_CASE("apps.last_batch.drop_last") {
  const data::ImageDataset images = images_of(11, 4);
  TrainConfig config = config_of("mlp", 4);
  CHECK(steps_of(config, images) == 3);
  CHECK(steps_per_epoch(config, images) == 3);
  config.drop_last = true;
  CHECK(steps_of(config, images) == 2);
  CHECK(steps_per_epoch(config, images) == 2);
  CHECK(last_batch_text(config, images) == ", the last one, of 3 images, left out");
  check_batches(config, images);
  config.batch_size = 12;
  CHECK_THROWS_WITH_AS(check_batches(config, images),
                       doctest::Contains("--drop-last: the training set has 11 images"),
                       UsageError);
}

TEST_CASE("apps.last_batch.of_the_program") {
  const test::TemporaryFolder folder;
  const std::string run = "train --data digits --fraction 0.01 --hidden 8 --epochs 1 --threads 1 ";
  const std::string out = folder / "run";
  const test::ProgramResult dropped =
      test::run_program(run + "--batch-size 33 --drop-last --out '" + out + "'");
  CHECK(dropped.code == 0);
  CHECK(dropped.out.find("left out") != std::string::npos);
  CHECK(test::read_file(out + "/config.toml").find("drop-last = true\n") != std::string::npos);
  CHECK(test::run_program("train --resume '" + out + "' --epochs 2").code == 0);
  const test::ProgramResult none = test::run_program(run + "--batch-size 100000 --drop-last");
  CHECK(none.code == 2);
  CHECK(none.err.find("fewer than a batch of 100000") != std::string::npos);
}

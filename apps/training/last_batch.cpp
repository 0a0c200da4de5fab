#include "apps/training/last_batch.h"

#include "apps/cli/values.h"
#include "apps/training/model_choice.h"
#include "apps/training/training_part.h"
#include "plastic/core/autograd.h"
#include "plastic/core/error.h"

namespace plastic::apps {
namespace {

/// Images in the last batch of an epoch; 0 where all batches are full.
std::int64_t images_left(const TrainConfig& config, const data::ImageDataset& train) {
  return training_size(config, train) % config.batch_size;
}

/// Tried on a network of its own, so that the one to be trained stays as it is.
bool refuses_one_image(const TrainConfig& config, const data::ImageDataset& train) {
  const ModelSizes sizes = model_sizes(train);
  Generator generator{.seed = config.seed};
  const nn::ModulePtr model = make_model(config, sizes, generator);
  const NoGrad no_grad;
  try {
    model->forward(Tensor::zeros({1, sizes.channels, sizes.height, sizes.width}));
  } catch (const Error&) {
    return true;
  }
  return false;
}

}  // namespace

bool leaves_out_last_batch(const TrainConfig& config, const data::ImageDataset& train) {
  const std::int64_t left = images_left(config, train);
  if (left == 0 || config.drop_last) return left != 0;
  const bool is_only_batch = training_size(config, train) == left;
  return left == 1 && !is_only_batch && refuses_one_image(config, train);
}

std::string last_batch_text(const TrainConfig& config, const data::ImageDataset& train) {
  if (!leaves_out_last_batch(config, train)) return "";
  const std::int64_t left = images_left(config, train);
  return ", the last one, of " + std::to_string(left) + (left == 1 ? " image" : " images") +
         ", left out" +
         (config.drop_last ? "" : ": the network cannot be trained on a single image");
}

void check_batches(const TrainConfig& config, const data::ImageDataset& train) {
  check_training_part(config, train);
  const std::int64_t images = training_size(config, train);
  if (!config.drop_last || images >= config.batch_size) return;
  throw UsageError("--drop-last: the training set has " + std::to_string(images) +
                   (images == 1 ? " image" : " images") + ", fewer than a batch of " +
                   std::to_string(config.batch_size) + ", so that none is left; give a smaller " +
                   "--batch-size");
}

}  // namespace plastic::apps

#pragma once

#include <cstdint>

#include "apps/training/training.h"
#include "plastic/data/dataset.h"
#include "plastic/data/loader.h"

namespace plastic::apps {

namespace streams {
/// Beside those in training.h.
constexpr std::uint64_t sampled_images = 7;
}  // namespace streams

/// `count` of the images that a run trains on, as the network reads them, without augmentation,
/// and their labels, with label noise where the run has it; all of them where there are fewer.
/// `all` is the whole training set. Drawn from a stream of the run's seed of their own: the same
/// for every epoch.
data::Batch training_images(const TrainConfig& config, const data::ImageDataset& all,
                            std::int64_t count);

}  // namespace plastic::apps

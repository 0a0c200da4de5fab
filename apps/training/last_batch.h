#pragma once

#include "apps/training/training.h"

namespace plastic::apps {

/// Whether the last batch of each epoch, which is not full, is left out: where --drop-last says so,
/// and where it is a single image that the network cannot be trained on, as batch normalisation
/// cannot where each channel has one value. `train` is the whole training set.
bool leaves_out_last_batch(const TrainConfig& config, const data::ImageDataset& train);

/// What run_header() says of it: ", the last one, of 3 images, left out", or nothing.
std::string last_batch_text(const TrainConfig& config, const data::ImageDataset& train);

/// Throws UsageError where there is nothing to train on, or not what the run asks for: where
/// training_part() refuses, or --drop-last leaves no batch.
void check_batches(const TrainConfig& config, const data::ImageDataset& train);

}  // namespace plastic::apps

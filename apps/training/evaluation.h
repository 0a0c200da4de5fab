#pragma once

#include "apps/training/epoch_sums.h"
#include "plastic/core/device.h"
#include "plastic/data/loader.h"
#include "plastic/nn/module.h"

namespace plastic::apps {

/// Evaluation keeps nothing for a backward pass, so its batches may be large.
constexpr std::int64_t evaluation_batch = 1000;

/// One epoch of `loader` in evaluation mode; the model is left in training mode. Both are on
/// `device`. Throws Interrupted after the batch in which interrupted() became true.
EpochSums evaluate(nn::Module& model, data::Loader& loader, Device device);

}  // namespace plastic::apps

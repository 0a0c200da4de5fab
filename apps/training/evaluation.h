#pragma once

#include "apps/training/epoch_sums.h"
#include "plastic/core/device.h"
#include "plastic/data/loader.h"
#include "plastic/distributed.h"
#include "plastic/nn/module.h"

namespace plastic::apps {

/// Evaluation keeps nothing for a backward pass, so its batches may be large.
constexpr std::int64_t evaluation_batch = 1000;

/// One epoch of `loader` in evaluation mode; the model is left in training mode. Both are on
/// `device`. The batches are shared out over the ranks of `among`, and each gets the sums of all.
/// Throws Interrupted after the batch in which interrupted() became true, on any rank.
EpochSums evaluate(nn::Module& model, data::Loader& loader, Device device,
                   distributed::Communicator& among = distributed::alone());

}  // namespace plastic::apps

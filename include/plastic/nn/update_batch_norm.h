#pragma once

#include <functional>

#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// Recomputes the running statistics of all BatchNorms in `model`, derived classes included, from
/// data: each becomes the mean of the statistics of the batches, which pass through the model in
/// training mode, without gradients. For weights that no batch has passed through, such as averaged
/// weights (optim::Ema): their statistics do not follow from those of the weights that were
/// averaged. Like torch.optim.swa_utils.update_bn.
///
/// `next_batch` returns one batch per call, and an undefined tensor after the last:
///   loader.start_epoch();
///   data::Batch batch;
///   nn::update_batch_norm(*model, [&] { return loader.next(batch) ? batch.images : Tensor(); });
/// Each module keeps its mode; generators of dropout advance. Throws Error when there is no batch,
/// and whatever the model throws; the statistics are then unchanged.
void update_batch_norm(Module& model, const std::function<Tensor()>& next_batch);

}  // namespace plastic::nn

#pragma GCC visibility pop

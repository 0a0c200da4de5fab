#pragma once

#include <functional>

#include "plastic/nn/module.h"

namespace plastic::nn {

/// Computes the running statistics of all BatchNorms in `model`, and of classes derived from them,
/// from data: each becomes the mean of the statistics of the batches, which go through the model in
/// training mode, without gradients. For weights that no batch has gone through, such as averages
/// of weights (optim::Ema): their statistics cannot be had from those of the weights that were
/// averaged. As torch.optim.swa_utils.update_bn.
///
/// `next_batch` gives one batch after the other and an undefined tensor at their end:
///   loader.start_epoch();
///   data::Batch batch;
///   nn::update_batch_norm(*model, [&] { return loader.next(batch) ? batch.images : Tensor(); });
/// Each module is left in the mode that it was in; generators of dropout move on. Throws Error when
/// there is no batch, and what the model throws; the statistics are then as they were.
void update_batch_norm(Module& model, const std::function<Tensor()>& next_batch);

}  // namespace plastic::nn

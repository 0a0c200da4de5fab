#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "apps/training/epoch_sums.h"
#include "plastic/core/device.h"
#include "plastic/core/random.h"
#include "plastic/core/recording.h"
#include "plastic/data/loader.h"
#include "plastic/distributed.h"
#include "plastic/nn/loss.h"
#include "plastic/nn/module.h"
#include "plastic/optim/optimizer.h"

namespace plastic::apps {

/// The training step of a run. On a CUDA device it is captured and replayed: the first step of each
/// batch size runs as on the CPU, operation by operation, which tunes what there is to tune, and
/// the second one is captured.
class TrainStep {
 public:
  /// The model is on `device` and in training mode, the loader's batches are there, the optimizer
  /// has the model's parameters, and `generator` is what the model draws from. `shards`, unless it
  /// is null, divides each batch, of which the loader gives its rows(); nothing is captured then.
  /// All outlive it.
  TrainStep(nn::Module& model, optim::Optimizer& optimizer, data::Loader& loader, EpochSums& sums,
            Generator& generator, Device device, distributed::ShardedBackward* shards = nullptr);

  /// A step on the batch that the loader has advanced to: the optimizer's, with the batch added to
  /// the sums. It does not wait for the device, unless it is a first one.
  void run();

  /// Whether interrupted() was true during the last step on any rank that shares in the batch,
  /// where there are shards.
  bool was_interrupted() const { return was_interrupted_; }

 private:
  /// From the loader to the gradients, all that the optimizer takes.
  void compute_gradients();
  /// Adds the batch to the sums where `is_counted`.
  void backward(const data::Batch& batch, bool is_counted);
  void backward_in_shards(const data::Batch& batch, bool is_counted);

  nn::Module& model_;
  optim::Optimizer& optimizer_;
  data::Loader& loader_;
  EpochSums& sums_;
  Generator& generator_;
  Device device_;
  distributed::ShardedBackward* shards_;
  bool was_interrupted_ = false;
  nn::CrossEntropyLoss loss_;
  /// By batch size, from its first step on.
  std::map<std::int64_t, std::optional<Recording>> recordings_;
};

}  // namespace plastic::apps

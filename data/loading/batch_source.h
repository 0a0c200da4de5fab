#pragma once

#include <cstdint>
#include <span>

#include "data/loading/augmenter.h"
#include "plastic/core/tensor.h"

namespace plastic::data {

/// Two tensors whose first axis counts the same examples: images and labels, features and targets.
struct TensorPair {
  Tensor inputs;
  Tensor targets;
};

/// Who gathers a batch on the host: all threads of the CPU device, or the calling thread alone.
enum class GatherThreads { all, this_one };

/// What a loader gathers its batches from. A source on the host does not change after construction,
/// and any thread may gather from it. A source on a device is given each epoch's order and each
/// batch's position, and gathers on request, on the device.
class BatchSource {
 public:
  virtual ~BatchSource() = default;

  virtual std::int64_t size() const = 0;
  /// Whether threads of a Prefetcher may call gather().
  virtual bool is_on_host() const { return true; }
  /// Whether what a batch becomes depends on the epoch.
  virtual bool changes_examples() const { return false; }

  /// The indices of an epoch's examples, of as many as there are.
  virtual void set_order(std::span<const std::int64_t>) {}
  /// The next gather() begins at this place in the order.
  virtual void prepare(std::int64_t /*position*/, const AugmentEpoch&) {}
  /// The examples of these indices, in new tensors.
  virtual TensorPair gather(std::span<const std::int64_t> indices, const AugmentEpoch& epoch,
                            GatherThreads threads) const = 0;
};

}  // namespace plastic::data

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/device/ordered_sums.h"
#include "core/device/rank_link.h"
#include "distributed/fixed_tree.h"
#include "distributed/shard_layout.h"
#include "plastic/core/tensor.h"
#include "plastic/distributed.h"

namespace plastic::distributed {

/// That of an optimizer's parameters.
Device device_of(const optim::Optimizer& optimizer);

/// Adds up flat blocks of numbers in a device's memory over the shards of all ranks, without a wait
/// on the host: along the same tree as on the CPU, with the same bits.
class DeviceSums {
 public:
  /// Null where the device has nothing of its own for it, as the CPU. Collective: with several
  /// ranks it links their devices; throws Error where they cannot be linked.
  static std::unique_ptr<DeviceSums> make(Device device, Communicator& among);

  /// `link` is null for one rank.
  DeviceSums(Device device, int rank, std::unique_ptr<RankLink> link);

  /// The sum of a node of the tree, from those that are known; zeros where none has values.
  void add(TreeNode node, const std::vector<KnownSum<float>>& known, std::int64_t count,
           float* out);
  /// The sum over all shards: `shards` are those of this rank, of `count` elements each, null where
  /// they have no examples. `out` may be one of them.
  void add_over_ranks(const ShardLayout& layout, std::int64_t batch,
                      std::span<const float* const> shards, std::int64_t count, float* out);
  /// The ranks' `values`, in place, in the order of the engine.
  void all_reduce_plain(std::int64_t count, float* values);

 private:
  Tensor numbers(std::int64_t count) const;

  Device device_;
  OrderedSums& sums_;
  int rank_;
  std::unique_ptr<RankLink> link_;
};

}  // namespace plastic::distributed

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/autograd/gradient_slot.h"
#include "distributed/device_sums.h"
#include "distributed/shard_layout.h"
#include "plastic/distributed.h"

namespace plastic::distributed {

/// The gradients that each shard of this rank computes, in flat blocks of one layout, and their sum
/// over all shards.
class ShardGradients {
 public:
  /// `on_device` adds up where the gradients are, unless it is null: then they are added up in the
  /// CPU's memory.
  ShardGradients(const optim::Optimizer& optimizer, std::unique_ptr<DeviceSums> on_device);

  /// Prepares for `count` shards of this rank, none of which has a gradient yet.
  void begin(int count);
  /// Until leave(), the parameters' gradients are those of this rank's shard number `index`.
  void enter(int index);
  void leave(int index);

  /// Which parameters have a gradient in any of this rank's shards, a bit each.
  std::vector<std::uint64_t> present() const;
  /// Adds to the gradients of the parameters that `present` names the sum over all shards of a
  /// batch of which this rank computed its part; where `is_plain`, the engine adds up the ranks'.
  void add_sums(const ShardLayout& layout, std::int64_t batch, bool is_plain,
                const std::vector<std::uint64_t>& present, Communicator& among);

 private:
  /// What a parameter has during other shards' turns.
  struct Kept {
    Tensor grad;
    std::shared_ptr<GradientSlot> slot;
  };
  struct Block {
    std::shared_ptr<Storage> storage;
    std::vector<Kept> kept;
    /// A copy in the CPU's memory, for a device that does not add up by itself.
    Tensor host;
  };
  void add_block();
  Tensor flat(const Block& block) const;
  /// A block's numbers, where they are added up.
  const float* values(int index) const;
  /// Zeros where a shard gave none of what others gave, and copies for the CPU where it adds up.
  void settle(const std::vector<std::uint64_t>& present);
  /// Where the sum is to be written: the block that the gradients of these parameters are in, or
  /// memory of its own.
  float* place(const std::vector<std::size_t>& parameters, std::vector<Tensor>& gradients);
  void sum(const ShardLayout& layout, std::int64_t batch, Communicator& among, float* out);
  void sum_plainly(bool is_beside, Communicator& among, float* out);
  /// The sums of this rank's nodes; null where all their shards are empty.
  std::vector<const float*> own_sums(const ShardLayout& layout, std::int64_t batch, int rank,
                                     const std::vector<TreeNode>& nodes);
  void sum_over_ranks(const ShardLayout& layout, std::int64_t batch, Communicator& among,
                      float* out);

  std::vector<Tensor> parameters_;
  /// Where each parameter's part of a block begins, as optim::Arena lays them out.
  std::vector<std::int64_t> offsets_;
  std::int64_t elements_ = 0;
  std::vector<Block> blocks_;
  int count_ = 0;
  std::unique_ptr<DeviceSums> on_device_;
  /// Where no block of gradients takes the sum.
  Tensor sum_;
  std::vector<std::vector<float>> node_sums_;
  std::vector<float> received_;
};

}  // namespace plastic::distributed

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "distributed/fixed_tree.h"
#include "plastic/distributed.h"

namespace plastic::distributed {

/// Which shards are which rank's: consecutive ones, as many for each rank up to one, the first
/// ranks having more.
class ShardLayout {
 public:
  /// Throws Error where there are more ranks than shards.
  ShardLayout(int shards, int ranks);

  int shards() const { return shards_; }
  int ranks() const { return ranks_; }
  /// The tree over all shards.
  TreeNode tree() const { return {0, shards_}; }
  TreeNode shards_of(int rank) const;
  /// The most that a rank has.
  int max_shards() const { return shards_of(0).leaves(); }

  /// The shards that a rank computes of a batch: those of its own that have examples. A rank that
  /// has none computes the first shard beside its owner, so that all ranks meet in the same sums;
  /// is_beside() is then true, and nothing of it counts.
  TreeNode computed_by(int rank, std::int64_t batch) const;
  bool is_beside(int rank, std::int64_t batch) const;

 private:
  int shards_;
  int ranks_;
};

}  // namespace plastic::distributed

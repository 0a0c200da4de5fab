#include "distributed/shard_layout.h"

#include <algorithm>

#include "core/check.h"

namespace plastic::distributed {

Rows shard_rows(std::int64_t batch, int shards, int shard) {
  if (batch < 0 || shards < 1 || shard < 0 || shard >= shards) {
    fail("distributed", "shard ", shard, " of ", shards, " in a batch of ", batch,
         "; shards count from 0");
  }
  const auto begin = [&](std::int64_t s) {
    return batch / shards * s + std::min(batch % shards, s);
  };
  return {begin(shard), begin(shard + 1)};
}

ShardLayout::ShardLayout(int shards, int ranks) : shards_(shards), ranks_(ranks) {
  if (shards >= ranks) return;
  fail("distributed", ranks, " ranks, but batches are divided into ", shards,
       " shards; start at most ", shards, " ranks, or give more shards");
}

TreeNode ShardLayout::shards_of(int rank) const {
  const Rows range = shard_rows(shards_, ranks_, rank);
  return {static_cast<int>(range.first), static_cast<int>(range.last)};
}

TreeNode ShardLayout::computed_by(int rank, std::int64_t batch) const {
  if (is_beside(rank, batch)) return {0, 1};
  TreeNode own = shards_of(rank);
  // Empty shards are the last ones.
  own.last = static_cast<int>(std::min<std::int64_t>(own.last, batch));
  return own;
}

bool ShardLayout::is_beside(int rank, std::int64_t batch) const {
  return shards_of(rank).first >= batch;
}

}  // namespace plastic::distributed

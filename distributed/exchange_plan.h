#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "distributed/shard_layout.h"
#include "plastic/distributed.h"

namespace plastic::distributed {

/// Each parameter's part of a flat block begins at a multiple of so many elements: see
/// optim::Arena.
constexpr std::int64_t block_alignment = 16;

/// The elements of a flat block that a rank adds up for all.
Rows part_of_rank(std::int64_t elements, int ranks, int rank);

/// How sums over shards are exchanged: each rank adds up its own nodes of the tree, sends each
/// other rank the elements that this one adds up, adds up its own, and gives all the result.
struct ExchangePlan {
  /// Elements of one of this rank's nodes, by its number in `own_nodes`.
  struct Send {
    int rank = 0;
    std::size_t node = 0;
    Rows elements;
  };
  /// What is received is put one after the other; `at` is where this begins.
  struct Receive {
    int rank = 0;
    std::int64_t at = 0;
  };
  struct Round {
    std::vector<Send> sends;
    std::vector<Receive> receives;
  };
  /// Where the sum of a node is, if any of its shards has examples: in this rank's own node of that
  /// number, or in what is received.
  struct Source {
    TreeNode node;
    std::optional<std::size_t> own;
    std::optional<std::int64_t> received;
  };

  ExchangePlan(const ShardLayout& layout, std::int64_t batch, std::int64_t elements, int rank);

  std::vector<TreeNode> own_nodes;
  /// What this rank adds up.
  Rows part;
  /// A rank sends another at most one message per round.
  std::vector<Round> rounds;
  /// Elements received.
  std::int64_t received = 0;
  /// Together the whole tree.
  std::vector<Source> sources;
};

}  // namespace plastic::distributed

#include "distributed/exchange_plan.h"

#include <algorithm>

#include "distributed/fixed_tree.h"

namespace plastic::distributed {

Rows part_of_rank(std::int64_t elements, int ranks, int rank) {
  const std::int64_t lines = (elements + block_alignment - 1) / block_alignment;
  const Rows part = shard_rows(lines, ranks, rank);
  return {std::min(part.first * block_alignment, elements),
          std::min(part.last * block_alignment, elements)};
}

ExchangePlan::ExchangePlan(const ShardLayout& layout, std::int64_t batch, std::int64_t elements,
                           int rank)
    : own_nodes(covering_nodes(layout.tree(), layout.shards_of(rank))),
      part(part_of_rank(elements, layout.ranks(), rank)) {
  const int ranks = layout.ranks();
  std::vector<std::vector<TreeNode>> nodes;
  std::size_t most = 0;
  for (int r = 0; r < ranks; ++r) {
    nodes.push_back(covering_nodes(layout.tree(), layout.shards_of(r)));
    most = std::max(most, nodes.back().size());
  }
  for (std::size_t n = 0; n < most; ++n) {
    Round& round = rounds.emplace_back();
    for (int r = 0; r < ranks; ++r) {
      if (r != rank && n < own_nodes.size() && own_nodes[n].first < batch) {
        round.sends.push_back({.rank = r, .node = n, .elements = part_of_rank(elements, ranks, r)});
      }
      const std::vector<TreeNode>& theirs = nodes[static_cast<std::size_t>(r)];
      if (n >= theirs.size()) continue;
      Source& source = sources.emplace_back(Source{.node = theirs[n], .own = {}, .received = {}});
      if (theirs[n].first >= batch) continue;
      if (r == rank) {
        source.own = n;
        continue;
      }
      source.received = received;
      round.receives.push_back({.rank = r, .at = received});
      received += part.count();
    }
  }
}

}  // namespace plastic::distributed

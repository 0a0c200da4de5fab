#include "distributed/fixed_tree.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "distributed/shard_layout.h"
#include "tests/support/text.h"

namespace plastic::distributed {
namespace {

using test::contains;
using test::error_of;

/// Numbers whose sum depends on the order.
std::vector<float> values_of(int leaf, std::int64_t count) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>((leaf * 7919 + i * 104729) % 1000) * 1.0e-3F *
                     (leaf % 2 == 0 ? 1.0F : 1.0e4F));
  }
  return values;
}

std::vector<float> added(std::vector<float> a, const std::vector<float>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

TEST_CASE("distributed.tree.order") {
  constexpr std::int64_t count = 1300;
  std::vector<std::vector<float>> leaves;
  std::vector<KnownSum<float>> known;
  for (int s = 0; s < 6; ++s) leaves.push_back(values_of(s, count));
  for (int s = 0; s < 6; ++s)
    known.push_back({{s, s + 1}, leaves[static_cast<std::size_t>(s)].data()});
  std::vector<float> sum(count);
  TreeSum<float>({0, 6}, known).write(0, count, sum.data());
  const std::vector<float> expected = added(
      added(added(leaves[0], leaves[1]), added(leaves[2], leaves[3])), added(leaves[4], leaves[5]));
  CHECK(sum == expected);
  // Another order gives other bits, or this would show nothing.
  CHECK(added(added(added(added(added(leaves[0], leaves[1]), leaves[2]), leaves[3]), leaves[4]),
              leaves[5]) != expected);
}

TEST_CASE("distributed.tree.nodes_of_ranks") {
  // However shards are divided, each rank's nodes are nodes of one tree, and together all of it.
  for (int shards = 1; shards <= 20; ++shards) {
    for (int ranks = 1; ranks <= shards; ++ranks) {
      CAPTURE(shards);
      CAPTURE(ranks);
      const ShardLayout layout(shards, ranks);
      constexpr std::int64_t count = 3;
      std::vector<std::vector<float>> leaves;
      std::vector<KnownSum<float>> all;
      for (int s = 0; s < shards; ++s) leaves.push_back(values_of(s, count));
      for (int s = 0; s < shards; ++s) {
        all.push_back({{s, s + 1}, leaves[static_cast<std::size_t>(s)].data()});
      }
      std::vector<float> expected(count);
      TreeSum<float>(layout.tree(), all).write(0, count, expected.data());
      std::vector<std::vector<float>> sums;
      std::vector<TreeNode> nodes;
      int next = 0;
      for (int r = 0; r < ranks; ++r) {
        const TreeNode own = layout.shards_of(r);
        CHECK(own.first == next);
        CHECK(own.leaves() >= 1);
        next = own.last;
        for (const TreeNode node : covering_nodes(layout.tree(), own)) {
          std::vector<float>& sum = sums.emplace_back(count);
          TreeSum<float>(node, all).write(0, count, sum.data());
          nodes.push_back(node);
        }
      }
      CHECK(next == shards);
      std::vector<KnownSum<float>> given;
      for (std::size_t i = 0; i < nodes.size(); ++i) given.push_back({nodes[i], sums[i].data()});
      std::vector<float> sum(count);
      TreeSum<float>(layout.tree(), given).write(0, count, sum.data());
      CHECK(sum == expected);
    }
  }
}

TEST_CASE("distributed.tree.empty_leaves") {
  const std::vector<float> one = {1, 2};
  std::vector<float> sum = {7, 7};
  TreeSum<float>({0, 3}, {{{0, 1}, nullptr}, {{1, 2}, one.data()}, {{2, 3}, nullptr}})
      .write(0, 2, sum.data());
  CHECK(sum == one);
  TreeSum<float>({0, 1}, {{{0, 1}, nullptr}}).write(0, 2, sum.data());
  CHECK(sum == std::vector<float>{0, 0});
}

TEST_CASE("distributed.shards.rows") {
  CHECK(shard_rows(128, 8, 3).first == 48);
  CHECK(shard_rows(128, 8, 3).last == 64);
  std::int64_t next = 0;
  for (int s = 0; s < 8; ++s) {
    const Rows rows = shard_rows(21, 8, s);
    CHECK(rows.first == next);
    CHECK(rows.count() == (s < 5 ? 3 : 2));
    next = rows.last;
  }
  CHECK(next == 21);
  CHECK(shard_rows(3, 8, 5).count() == 0);
  CHECK(contains(error_of([] { shard_rows(3, 8, 8); }), {"shard 8 of 8", "count from 0"}));
}

TEST_CASE("distributed.shards.too_few") {
  CHECK(contains(error_of([] { ShardLayout(2, 4); }), {"4 ranks", "2 shards", "start at most 2"}));
  // A rank without examples computes the first shard beside its owner.
  const ShardLayout layout(8, 4);
  CHECK(layout.computed_by(1, 3) == TreeNode{2, 3});
  CHECK(layout.is_beside(2, 3));
  CHECK(layout.computed_by(2, 3) == TreeNode{0, 1});
}

}  // namespace
}  // namespace plastic::distributed

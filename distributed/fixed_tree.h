#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace plastic::distributed {

/// The leaves first <= i < last of the tree along which shards are added up: the left half of a
/// node is the largest power of two of leaves that leaves something for the right one. A rank that
/// has half of the shards, or a quarter, computes a whole node by itself.
struct TreeNode {
  int first = 0;
  int last = 0;

  int leaves() const { return last - first; }
  bool is_leaf() const { return leaves() == 1; }
  /// Where the right child begins; not of a leaf.
  int middle() const {
    return first + static_cast<int>(std::bit_ceil(static_cast<unsigned>(leaves())) / 2);
  }
  TreeNode left() const { return {first, middle()}; }
  TreeNode right() const { return {middle(), last}; }
  bool is_within(TreeNode other) const { return other.first <= first && last <= other.last; }
  bool operator==(const TreeNode&) const = default;
};

/// The largest nodes of a tree whose leaves are all in `range`, from left to right.
inline void add_covering_nodes(TreeNode tree, TreeNode range, std::vector<TreeNode>& nodes) {
  if (tree.last <= range.first || range.last <= tree.first) return;
  if (tree.is_within(range)) {
    nodes.push_back(tree);
    return;
  }
  add_covering_nodes(tree.left(), range, nodes);
  add_covering_nodes(tree.right(), range, nodes);
}

inline std::vector<TreeNode> covering_nodes(TreeNode tree, TreeNode range) {
  std::vector<TreeNode> nodes;
  add_covering_nodes(tree, range, nodes);
  return nodes;
}

/// The sum of a node that is known: null where none of its leaves gives anything.
template <class T>
struct KnownSum {
  TreeNode node;
  const T* values = nullptr;
};

/// Adds up known sums to that of a larger node.
template <class T>
class TreeSum {
 public:
  /// The known nodes cover `node`, each leaf once.
  TreeSum(TreeNode node, std::vector<KnownSum<T>> known) : node_(node), known_(std::move(known)) {
    std::ranges::sort(known_, {}, begin_of);
  }

  /// Writes elements first <= i < last of the sum to `out`, which begins with element 0 and may be
  /// one of the known sums; zeros where nothing is given.
  void write(std::int64_t first, std::int64_t last, T* out) const {
    Scratch scratch;
    for (std::int64_t at = first; at < last; at += piece) {
      const std::int64_t count = std::min(piece, last - at);
      const T* sum = evaluate(node_, at, count, 0, scratch);
      if (sum == nullptr) {
        std::fill_n(out + at, count, T{0});
      } else if (sum != out + at) {
        std::copy_n(sum, count, out + at);
      }
    }
  }

 private:
  /// Elements at a time: all levels together fit into the nearest cache.
  static constexpr std::int64_t piece = 512;
  /// A tree of as many leaves as an int has.
  static constexpr std::size_t levels = 32;
  using Scratch = std::array<std::array<T, piece>, levels>;

  const T* evaluate(TreeNode node, std::int64_t at, std::int64_t count, std::size_t level,
                    Scratch& scratch) const {
    const auto known = std::ranges::lower_bound(known_, node.first, {}, begin_of);
    if (known != known_.end() && known->node == node) {
      return known->values == nullptr ? nullptr : known->values + at;
    }
    const T* a = evaluate(node.left(), at, count, level, scratch);
    // The left one may be in scratch[level].
    const T* b = evaluate(node.right(), at, count, level + 1, scratch);
    if (a == nullptr || b == nullptr) return a == nullptr ? b : a;
    T* out = scratch[level].data();
    for (std::int64_t i = 0; i < count; ++i) out[i] = a[i] + b[i];
    return out;
  }

  static int begin_of(const KnownSum<T>& known) { return known.node.first; }

  TreeNode node_;
  /// By their first leaves.
  std::vector<KnownSum<T>> known_;
};

}  // namespace plastic::distributed

#include "distributed/device_sums.h"

#include <utility>

#include "core/device/backend.h"
#include "core/tensor/tensor_impl.h"
#include "distributed/exchange_plan.h"

namespace plastic::distributed {
namespace {

/// Appends the terms of a node's sum; false where none of them has values.
bool append_terms(TreeNode node, const std::vector<KnownSum<float>>& known,
                  std::vector<AddedTerm>& terms) {
  for (const KnownSum<float>& one : known) {
    if (one.node != node) continue;
    if (one.values != nullptr) terms.push_back({.values = one.values});
    return one.values != nullptr;
  }
  const bool has_left = append_terms(node.left(), known, terms);
  const bool has_right = append_terms(node.right(), known, terms);
  if (has_left && has_right) ++terms.back().joins;
  return has_left || has_right;
}

float* values_of(const Tensor& tensor) { return static_cast<float*>(memory(tensor)); }

}  // namespace

Device device_of(const optim::Optimizer& optimizer) {
  return optimizer.parameter_count() == 0 ? Device{} : optimizer.parameter(0).device();
}

std::unique_ptr<DeviceSums> DeviceSums::make(Device device, Communicator& among) {
  Backend& on = backend(device);
  auto* const links = dynamic_cast<RankLinks*>(&on);
  if (dynamic_cast<OrderedSums*>(&on) == nullptr || links == nullptr) return nullptr;
  const int rank = among.rank();
  std::unique_ptr<RankLink> link;
  if (among.size() > 1) {
    std::vector<std::byte> id;
    if (rank == 0) id = links->new_link_id();
    link = links->link(rank, among.size(), broadcast_bytes(id, 0, among));
  }
  return std::make_unique<DeviceSums>(device, rank, std::move(link));
}

DeviceSums::DeviceSums(Device device, int rank, std::unique_ptr<RankLink> link)
    : device_(device),
      sums_(dynamic_cast<OrderedSums&>(backend(device))),
      rank_(rank),
      link_(std::move(link)) {}

Tensor DeviceSums::numbers(std::int64_t count) const {
  return Tensor::empty({count}, {.device = device_});
}

void DeviceSums::add(TreeNode node, const std::vector<KnownSum<float>>& known, std::int64_t count,
                     float* out) {
  std::vector<AddedTerm> terms;
  if (!append_terms(node, known, terms)) {
    backend(device_).fill({.data = out, .shape = {count}, .strides = {1}}, 0.0);
    return;
  }
  if (terms.size() <= OrderedSums::max_terms) {
    sums_.add_in_order(terms, count, out);
    return;
  }
  const Tensor halves = numbers(2 * count);
  float* const left = values_of(halves);
  float* const right = left + count;
  add(node.left(), known, count, left);
  add(node.right(), known, count, right);
  add(node, {{node.left(), left}, {node.right(), right}}, count, out);
}

void DeviceSums::add_over_ranks(const ShardLayout& layout, std::int64_t batch,
                                std::span<const float* const> shards, std::int64_t count,
                                float* out) {
  const TreeNode own = layout.shards_of(rank_);
  std::vector<KnownSum<float>> leaves;
  for (int s = own.first; s < own.last; ++s) {
    leaves.push_back(
        {{s, s + 1}, s < batch ? shards[static_cast<std::size_t>(s - own.first)] : nullptr});
  }
  if (layout.ranks() == 1) return add(layout.tree(), leaves, count, out);
  const ExchangePlan plan(layout, batch, count, rank_);
  std::vector<Tensor> node_sums;
  std::vector<const float*> nodes;
  for (const TreeNode node : plan.own_nodes) {
    const float* leaf = leaves[static_cast<std::size_t>(node.first - own.first)].values;
    if (!node.is_leaf() && node.first < batch) {
      node_sums.push_back(numbers(count));
      add(node, leaves, count, values_of(node_sums.back()));
      leaf = values_of(node_sums.back());
    }
    nodes.push_back(leaf);
  }
  const Tensor received = numbers(plan.received);
  std::vector<RankLink::Sent> sent;
  std::vector<RankLink::Received> from;
  for (const ExchangePlan::Round& round : plan.rounds) {
    for (const ExchangePlan::Send& one : round.sends) {
      sent.push_back({.rank = one.rank,
                      .values = nodes[one.node] + one.elements.first,
                      .count = one.elements.count()});
    }
    for (const ExchangePlan::Receive& one : round.receives) {
      from.push_back(
          {.rank = one.rank, .values = values_of(received) + one.at, .count = plan.part.count()});
    }
  }
  link_->exchange(sent, from);
  std::vector<KnownSum<float>> known;
  for (const ExchangePlan::Source& source : plan.sources) {
    const float* values = nullptr;
    if (source.own) values = nodes[*source.own] + plan.part.first;
    if (source.received) values = values_of(received) + *source.received;
    known.push_back({source.node, values});
  }
  add(layout.tree(), known, plan.part.count(), out + plan.part.first);
  sent.clear();
  from.clear();
  for (int r = 0; r < layout.ranks(); ++r) {
    if (r == rank_) continue;
    const Rows theirs = part_of_rank(count, layout.ranks(), r);
    sent.push_back({.rank = r, .values = out + plan.part.first, .count = plan.part.count()});
    from.push_back({.rank = r, .values = out + theirs.first, .count = theirs.count()});
  }
  link_->exchange(sent, from);
}

void DeviceSums::all_reduce_plain(std::int64_t count, float* values) {
  if (link_ != nullptr) link_->all_reduce_plain(values, count);
}

}  // namespace plastic::distributed

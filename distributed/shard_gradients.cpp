#include "distributed/shard_gradients.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/device/backend.h"
#include "core/tensor/storage.h"
#include "core/tensor/tensor_impl.h"
#include "distributed/exchange_plan.h"
#include "distributed/host_sums.h"
#include "plastic/core/autograd.h"

namespace plastic::distributed {
namespace {

// As in optim::Arena, so that the sum can be written where the optimizer reads gradients.
constexpr std::int64_t alignment = block_alignment;

bool has_bit(const std::vector<std::uint64_t>& bits, std::size_t i) {
  return (bits[i / 64] >> (i % 64) & 1) != 0;
}

}  // namespace

ShardGradients::ShardGradients(const optim::Optimizer& optimizer,
                               std::unique_ptr<DeviceSums> on_device)
    : on_device_(std::move(on_device)) {
  for (std::size_t i = 0; i < optimizer.parameter_count(); ++i) {
    parameters_.push_back(optimizer.parameter(i));
    offsets_.push_back(elements_);
    elements_ += (parameters_[i].numel() + alignment - 1) / alignment * alignment;
  }
}

void ShardGradients::add_block() {
  const Device device = parameters_.front().device();
  Block block{
      .storage = Storage::allocate(static_cast<std::size_t>(elements_) * sizeof(float), device),
      .kept = {},
      .host = {}};
  flat(block).fill_(0);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto offset = static_cast<std::size_t>(offsets_[i]) * sizeof(float);
    block.kept.push_back({.grad = {},
                          .slot = std::make_shared<GradientSlot>(block.storage, offset, DType::f32,
                                                                 parameters_[i].shape())});
  }
  blocks_.push_back(std::move(block));
}

Tensor ShardGradients::flat(const Block& block) const {
  return make_view(block.storage, DType::f32, {elements_}, {1}, 0);
}

void ShardGradients::begin(int count) {
  while (std::ssize(blocks_) < count) add_block();
  count_ = count;
  for (Block& block : blocks_) {
    for (Kept& kept : block.kept) kept.grad = Tensor();
  }
}

void ShardGradients::enter(int index) {
  Block& block = blocks_[static_cast<std::size_t>(index)];
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    TensorImpl& impl = *parameters_[i].impl();
    std::swap(impl.grad, block.kept[i].grad);
    std::swap(impl.grad_slot, block.kept[i].slot);
  }
}

// Exchanging once more gives each its own again.
void ShardGradients::leave(int index) { enter(index); }

std::vector<std::uint64_t> ShardGradients::present() const {
  std::vector<std::uint64_t> bits((parameters_.size() + 63) / 64);
  for (int s = 0; s < count_; ++s) {
    const Block& block = blocks_[static_cast<std::size_t>(s)];
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (block.kept[i].grad.defined()) bits[i / 64] |= std::uint64_t{1} << (i % 64);
    }
  }
  return bits;
}

const float* ShardGradients::values(int index) const {
  const Block& block = blocks_[static_cast<std::size_t>(index)];
  return static_cast<const float*>(memory(block.host.defined() ? block.host : flat(block)));
}

void ShardGradients::settle(const std::vector<std::uint64_t>& present) {
  for (int s = 0; s < count_; ++s) {
    Block& block = blocks_[static_cast<std::size_t>(s)];
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (!has_bit(present, i)) continue;
      const Kept& kept = block.kept[i];
      if (kept.grad.defined()) {
        // One that was set from outside.
        if (!kept.slot->holds(kept.grad)) kept.slot->placed(kept.grad);
        continue;
      }
      kept.slot->take().fill_(0);
    }
    if (on_device_ == nullptr && block.storage->device().type != DeviceType::cpu)
      block.host = flat(block).to(Device{});
  }
}

float* ShardGradients::place(const std::vector<std::size_t>& parameters,
                             std::vector<Tensor>& gradients) {
  float* base = nullptr;
  bool is_one_block = true;
  for (const std::size_t i : parameters) {
    const TensorImpl& impl = *parameters_[i].impl();
    const Tensor& parameter = parameters_[i];
    gradients.push_back(impl.grad_slot ? impl.grad_slot->take()
                                       : Tensor::empty(parameter.shape(), options_of(parameter)));
    const bool is_added_here = on_device_ != nullptr || parameter.device().type == DeviceType::cpu;
    if (!impl.grad_slot || !is_added_here) is_one_block = false;
    if (!is_one_block) continue;
    float* const begin = static_cast<float*>(memory(gradients.back())) - offsets_[i];
    if (base == nullptr) base = begin;
    is_one_block = begin == base;
  }
  if (is_one_block && base != nullptr && parameters.size() == parameters_.size()) return base;
  if (!sum_.defined()) {
    const Device device = on_device_ != nullptr ? parameters_.front().device() : Device{};
    sum_ = Tensor::empty({elements_}, {.device = device});
  }
  return static_cast<float*>(memory(sum_));
}

std::vector<const float*> ShardGradients::own_sums(const ShardLayout& layout, std::int64_t batch,
                                                   int rank, const std::vector<TreeNode>& nodes) {
  const TreeNode own = layout.shards_of(rank);
  node_sums_.resize(std::max(node_sums_.size(), nodes.size()));
  std::vector<const float*> sums;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    const TreeNode node = nodes[n];
    const float*& sum = sums.emplace_back(nullptr);
    if (node.first >= batch) continue;
    std::vector<KnownSum<float>> known;
    for (int s = node.first; s < node.last; ++s) {
      known.push_back({{s, s + 1}, s < batch ? values(s - own.first) : nullptr});
    }
    if (node.is_leaf()) {
      sum = known.front().values;
      continue;
    }
    node_sums_[n].resize(static_cast<std::size_t>(elements_));
    write_sum(node, std::move(known), elements_, node_sums_[n].data());
    sum = node_sums_[n].data();
  }
  return sums;
}

void ShardGradients::sum_over_ranks(const ShardLayout& layout, std::int64_t batch,
                                    Communicator& among, float* out) {
  const ExchangePlan plan(layout, batch, elements_, among.rank());
  const std::vector<const float*> own = own_sums(layout, batch, among.rank(), plan.own_nodes);
  distributed::sum_over_ranks(layout, plan, own, elements_, among, received_, out);
}

void ShardGradients::sum_plainly(bool is_beside, Communicator& among, float* out) {
  if (on_device_ != nullptr) {
    on_device_->add({0, 1}, {{{0, 1}, is_beside ? nullptr : values(0)}}, elements_, out);
    on_device_->all_reduce_plain(elements_, out);
    return;
  }
  if (is_beside) {
    std::fill_n(out, elements_, 0.0F);
  } else {
    std::copy_n(values(0), elements_, out);
  }
  among.all_reduce_plain(std::span(out, static_cast<std::size_t>(elements_)));
}

void ShardGradients::sum(const ShardLayout& layout, std::int64_t batch, Communicator& among,
                         float* out) {
  if (on_device_ == nullptr && layout.ranks() > 1) {
    return sum_over_ranks(layout, batch, among, out);
  }
  std::vector<const float*> own;
  std::vector<KnownSum<float>> known;
  const TreeNode shards = layout.shards_of(among.rank());
  for (int s = shards.first; s < shards.last; ++s) {
    own.push_back(s < batch ? values(s - shards.first) : nullptr);
    known.push_back({{s, s + 1}, own.back()});
  }
  if (on_device_ != nullptr) {
    on_device_->add_over_ranks(layout, batch, own, elements_, out);
  } else {
    write_sum(layout.tree(), std::move(known), elements_, out);
  }
}

void ShardGradients::add_sums(const ShardLayout& layout, std::int64_t batch, bool is_plain,
                              const std::vector<std::uint64_t>& present, Communicator& among) {
  const NoGrad no_grad;
  settle(present);
  std::vector<std::size_t> changed;
  std::vector<Tensor> before;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (!has_bit(present, i)) continue;
    changed.push_back(i);
    before.push_back(std::exchange(parameters_[i].impl()->grad, Tensor()));
  }
  std::vector<Tensor> gradients;
  float* const out = place(changed, gradients);
  if (is_plain) {
    sum_plainly(layout.is_beside(among.rank(), batch), among, out);
  } else {
    sum(layout, batch, among, out);
  }
  const bool is_apart = sum_.defined() && out == memory(sum_);
  for (std::size_t c = 0; c < changed.size(); ++c) {
    const std::size_t i = changed[c];
    if (is_apart) {
      const Tensor part = sum_.slice(0, offsets_[i], offsets_[i] + parameters_[i].numel());
      gradients[c].copy_(part.reshape(parameters_[i].shape()));
    }
    if (before[c].defined()) {
      // In place, as backward() does.
      before[c].add_(gradients[c]);
      gradients[c] = before[c];
    }
    parameters_[i].impl()->grad = gradients[c];
  }
  begin(0);
}

}  // namespace plastic::distributed

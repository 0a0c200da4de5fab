// What is composed of a communicator's functions.
#include <algorithm>
#include <array>
#include <utility>

#include "core/check.h"
#include "core/cpu/level.h"
#include "core/tensor/tensor_impl.h"
#include "distributed/host_sums.h"
#include "distributed/shard_layout.h"
#include "plastic/core/autograd.h"
#include "plastic/core/precision.h"
#include "plastic/core/version.h"
#include "plastic/distributed.h"

namespace plastic::distributed {
namespace {

/// A text of each rank, everywhere.
std::vector<std::string> gather_texts(const std::string& text, Communicator& among) {
  const auto ranks = static_cast<std::size_t>(among.size());
  const std::uint64_t size = text.size();
  std::vector<std::uint64_t> sizes(ranks);
  among.all_gather(std::as_bytes(std::span(&size, 1)), std::as_writable_bytes(std::span(sizes)));
  std::vector<std::size_t> offsets = {0};
  for (const std::uint64_t one : sizes) offsets.push_back(offsets.back() + one);
  std::string all(offsets.back(), '\0');
  std::ranges::copy(text, all.begin() + static_cast<std::ptrdiff_t>(
                                            offsets[static_cast<std::size_t>(among.rank())]));
  among.all_gather_parts(std::as_writable_bytes(std::span(all)), offsets);
  std::vector<std::string> texts;
  for (std::size_t r = 0; r < ranks; ++r) texts.push_back(all.substr(offsets[r], sizes[r]));
  return texts;
}

/// The first line in which two texts differ, of each.
std::pair<std::string, std::string> first_difference(const std::string& a, const std::string& b) {
  std::size_t at_a = 0;
  std::size_t at_b = 0;
  while (at_a < a.size() || at_b < b.size()) {
    const auto line = [](const std::string& text, std::size_t& at) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      std::string found = at < text.size() ? text.substr(at, end - at) : "nothing";
      at = std::min(end + 1, text.size());
      return found;
    };
    const std::string from_a = line(a, at_a);
    const std::string from_b = line(b, at_b);
    if (from_a != from_b) return {from_a, from_b};
  }
  return {};
}

std::span<std::byte> bytes_of(const Tensor& tensor) {
  return {static_cast<std::byte*>(memory(tensor)),
          static_cast<std::size_t>(tensor.numel()) * size_of(tensor.dtype())};
}

void check_contiguous(const Tensor& tensor) {
  check_defined("distributed", tensor);
  if (tensor.is_contiguous()) return;
  fail("distributed", "a tensor of shape ", to_string(tensor.shape()),
       " is not contiguous; give .contiguous()");
}

}  // namespace

void check_same(const std::string& what, const std::string& text, Communicator& among) {
  const std::vector<std::string> texts = gather_texts(text, among);
  for (std::size_t r = 1; r < texts.size(); ++r) {
    if (texts[r] == texts[0]) continue;
    const auto [first, other] = first_difference(texts[0], texts[r]);
    fail("distributed", "rank ", r, " has another ", what, " than rank 0: ", other, " and ", first,
         "; all ranks must have the same");
  }
}

void check_same_processor(Communicator& among) {
  check_same("build or processor",
             std::string("version ") + PLASTIC_VERSION + "\ninstructions " +
                 std::string(cpu::to_string(cpu::level())) + "\nprecision " +
                 to_string(precision()),
             among);
}

bool any(bool mine, Communicator& among) {
  const char own = mine ? 1 : 0;
  std::vector<char> all(static_cast<std::size_t>(among.size()));
  among.all_gather(std::as_bytes(std::span(&own, 1)), std::as_writable_bytes(std::span(all)));
  return std::ranges::any_of(all, [](char one) { return one != 0; });
}

void broadcast(Tensor& tensor, int root, Communicator& among) {
  check_contiguous(tensor);
  if (among.size() == 1) return;
  if (tensor.device().type == DeviceType::cpu) {
    tensor.impl()->storage->bump_version();
    among.broadcast(bytes_of(tensor), root);
    return;
  }
  const Tensor host = tensor.detach().to(Device{});
  among.broadcast(bytes_of(host), root);
  const NoGrad no_grad;
  tensor.copy_(host);
}

void broadcast(const StateDict& state, int root, Communicator& among) {
  std::string layout;
  for (const auto& [name, tensor] : state) {
    layout += name + " " + name_of(tensor.dtype()) + " " + to_string(tensor.shape()) + "\n";
  }
  check_same("state", layout, among);
  for (const auto& [name, tensor] : state) {
    Tensor handle = tensor;
    broadcast(handle, root, among);
  }
}

std::vector<std::byte> broadcast_bytes(std::span<const std::byte> bytes, int root,
                                       Communicator& among) {
  std::uint64_t size = bytes.size();
  among.broadcast(std::as_writable_bytes(std::span(&size, 1)), root);
  std::vector<std::byte> all(size);
  if (among.rank() == root) std::ranges::copy(bytes, all.begin());
  among.broadcast(all, root);
  return all;
}

void all_reduce(Tensor& tensor, Communicator& among) {
  check_contiguous(tensor);
  if (tensor.dtype() != DType::f32) {
    fail("distributed", "all_reduce() of ", name_of(tensor.dtype()), "; it needs f32");
  }
  const int ranks = among.size();
  if (ranks == 1) return;
  const NoGrad no_grad;
  const bool is_on_cpu = tensor.device().type == DeviceType::cpu;
  const Tensor host = is_on_cpu ? tensor.detach() : tensor.detach().to(Device{});
  auto* const values = static_cast<float*>(memory(host));
  // A shard for each rank, none of them empty.
  const ShardLayout layout(ranks, ranks);
  const ExchangePlan plan(layout, ranks, host.numel(), among.rank());
  std::vector<float> received;
  sum_over_ranks(layout, plan, std::array<const float*, 1>{values}, host.numel(), among, received,
                 values);
  if (is_on_cpu) {
    tensor.impl()->storage->bump_version();
  } else {
    tensor.copy_(host);
  }
}

void distribute(optim::Optimizer& optimizer, Communicator& among) {
  for (std::size_t i = 0; i < optimizer.parameter_count(); ++i) {
    Tensor parameter = optimizer.parameter(i);
    broadcast(parameter, 0, among);
  }
  optimizer.set_gradient_hook([&among, &optimizer](const Tensor& gradients) {
    // A parameter that this rank does not step has an older gradient in the block.
    std::string stepped;
    for (std::size_t i = 0; i < optimizer.parameter_count(); ++i) {
      const bool is_stepped = optimizer.was_updated(i);
      stepped += std::to_string(i) + (is_stepped ? " has a gradient\n" : " has none\n");
      if (!is_stepped) optimizer.gradient(i).fill_(0);
    }
    check_same("set of gradients, by parameter", stepped, among);
    Tensor sum = gradients;
    all_reduce(sum, among);
    sum.mul_(1.0 / among.size());
  });
}

}  // namespace plastic::distributed

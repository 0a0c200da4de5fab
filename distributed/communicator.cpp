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
  for (const std::uint64_t one : sizes) {
    offsets.push_back(offsets.back() + static_cast<std::size_t>(one));
  }
  std::string all(offsets.back(), '\0');
  std::ranges::copy(text, all.begin() + static_cast<std::ptrdiff_t>(
                                            offsets[static_cast<std::size_t>(among.rank())]));
  among.all_gather_parts(std::as_writable_bytes(std::span(all)), offsets);
  std::vector<std::string> texts;
  for (std::size_t r = 0; r < ranks; ++r) {
    texts.push_back(all.substr(offsets[r], offsets[r + 1] - offsets[r]));
  }
  return texts;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// The first line in which two texts differ, of each; "nothing" of the one that lacks a line that
/// the other has.
std::pair<std::string, std::string> first_difference(const std::string& a, const std::string& b) {
  const std::vector<std::string> in_a = lines_of(a);
  const std::vector<std::string> in_b = lines_of(b);
  const auto [at_a, at_b] = std::ranges::mismatch(in_a, in_b);
  const std::string from_a = at_a == in_a.end() ? "nothing" : *at_a;
  const std::string from_b = at_b == in_b.end() ? "nothing" : *at_b;
  const bool has_a = std::find(at_b, in_b.end(), from_a) != in_b.end();
  const bool has_b = std::find(at_a, in_a.end(), from_b) != in_a.end();
  if (has_a == has_b) return {from_a, from_b};
  return {has_a ? "nothing" : from_a, has_b ? "nothing" : from_b};
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

/// What ranks must agree in to exchange a tensor, and what decides whether it can be exchanged: an
/// error on one rank alone would leave the others waiting for it.
std::string text_of_layout(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  std::string text = name_of(tensor.dtype());
  text += " ";
  text += to_string(tensor.shape());
  if (!tensor.is_contiguous()) text += ", not contiguous";
  return text;
}

std::string text_of_root(int root) { return " from rank " + std::to_string(root); }

/// The ranks' tensors have one layout.
void broadcast_values(Tensor& tensor, int root, Communicator& among) {
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

/// The ranks' tensors have one layout, f32.
void add_values(Tensor& tensor, Communicator& among) {
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
             std::string("version ") + PLASTIC_VERSION + "\n" PLASTIC_BUILD "\ninstructions " +
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
  check_same("tensor", text_of_layout(tensor) + text_of_root(root), among);
  check_contiguous(tensor);
  broadcast_values(tensor, root, among);
}

void broadcast(const StateDict& state, int root, Communicator& among) {
  std::string layout;
  for (const auto& [name, tensor] : state) {
    layout += name + " " + text_of_layout(tensor) + text_of_root(root) + "\n";
  }
  check_same("state", layout, among);
  for (const auto& [name, tensor] : state) check_contiguous(tensor);
  for (const auto& [name, tensor] : state) {
    Tensor handle = tensor;
    broadcast_values(handle, root, among);
  }
}

std::vector<std::byte> broadcast_bytes(std::span<const std::byte> bytes, int root,
                                       Communicator& among) {
  std::uint64_t size = bytes.size();
  among.broadcast(std::as_writable_bytes(std::span(&size, 1)), root);
  std::vector<std::byte> all(static_cast<std::size_t>(size));
  if (among.rank() == root) std::ranges::copy(bytes, all.begin());
  among.broadcast(all, root);
  return all;
}

void all_reduce(Tensor& tensor, Communicator& among) {
  check_same("tensor", text_of_layout(tensor), among);
  check_contiguous(tensor);
  if (tensor.dtype() != DType::f32) {
    fail("distributed", "all_reduce() of ", name_of(tensor.dtype()), "; it needs f32");
  }
  add_values(tensor, among);
}

void distribute(optim::Optimizer& optimizer, Communicator& among) {
  StateDict parameters;
  for (std::size_t i = 0; i < optimizer.parameter_count(); ++i) {
    parameters.push_back({"parameter " + std::to_string(i), optimizer.parameter(i)});
  }
  broadcast(parameters, 0, among);
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
    add_values(sum, among);
    sum.mul_(1.0 / among.size());
  });
}

}  // namespace plastic::distributed

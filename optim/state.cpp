#include "optim/state.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/check.h"
#include "optim/arena.h"

namespace plastic::optim {
namespace {

/// Element `index` of a vector, as a tensor of rank 0 that shares its memory.
Tensor element(const Tensor& vector, std::size_t index) {
  const auto position = static_cast<std::int64_t>(index);
  return vector.slice(0, position, position + 1).reshape({});
}

void check_tensor(const char* owner, const NamedTensor& given, const Tensor& own,
                  bool may_be_negative) {
  if (given.tensor.shape() != own.shape()) {
    fail(owner, "state \"", given.name, "\" has shape ", to_string(given.tensor.shape()),
         ", expected ", to_string(own.shape()),
         "; the state must come from an optimizer over the same parameters");
  }
  if (own.rank() != 0 || own.dtype() == DType::f32) return;
  const double value = given.tensor.item();
  if (!std::isfinite(value) || (value < 0 && !may_be_negative)) {
    fail(owner, "state \"", given.name, "\" is ", value, ", expected a number",
         may_be_negative ? "" : " of 0 or more");
  }
  // Counts go up from there.
  if (own.dtype() == DType::i64 && !(value < 0x1p53 && std::floor(value) == value)) {
    fail(owner, "state \"", given.name, "\" is ", value, ", expected a whole number below 2^53");
  }
}

}  // namespace

State::State(const Arena& arena, const std::vector<double>& lrs)
    : arena_(arena),
      steps_(Tensor::zeros({std::ssize(arena.parameters())}, {.dtype = DType::i64})),
      lrs_(Tensor::from<double>(lrs, {std::ssize(lrs)})) {}

void State::check_new(const char* owner, const std::string& name, bool is_new) const {
  if (name.empty()) fail(owner, "a state needs a name");
  if (!is_new) fail(owner, "there is a state \"", name, "\" already; give each one its own name");
}

Tensor State::add_block(const char* owner, const std::string& name) {
  // The name must also differ from tensors that a single parameter has.
  bool is_new = name != "step";
  for (const NamedTensor& block : blocks_) is_new = is_new && block.name != name;
  for (const ParameterTensor& tensor : tensors_) is_new = is_new && tensor.named.name != name;
  check_new(owner, name, is_new);
  blocks_.push_back({name, arena_.new_block()});
  return blocks_.back().tensor;
}

void State::add_tensor(const char* owner, const std::string& name, std::size_t parameter,
                       const Shape& shape) {
  if (parameter >= arena_.parameters().size()) {
    fail(owner, "state \"", name, "\" is for parameter ", parameter, "; there are ",
         arena_.parameters().size());
  }
  check_new(owner, name, name != "step" && !find(name, parameter).defined());
  tensors_.push_back({parameter, {name, Tensor::zeros(shape, {.device = arena_.device()})}});
}

Tensor State::add_number(const char* owner, const std::string& name, DType dtype) {
  const auto has_name = [&](const NamedTensor& number) { return number.name == name; };
  check_new(owner, name, std::none_of(numbers_.begin(), numbers_.end(), has_name));
  if (dtype != DType::i64 && dtype != DType::f64) {
    fail(owner, "the number \"", name, "\" is ", name_of(dtype), "; it must be i64 or f64");
  }
  numbers_.push_back({name, Tensor::zeros({}, {.dtype = dtype})});
  return numbers_.back().tensor;
}

Tensor State::find(std::string_view name, std::size_t parameter) const {
  for (const NamedTensor& block : blocks_) {
    if (block.name == name) return arena_.view(block.tensor, parameter);
  }
  for (const ParameterTensor& tensor : tensors_) {
    if (tensor.parameter == parameter && tensor.named.name == name) return tensor.named.tensor;
  }
  return {};
}

std::span<std::int64_t> State::steps() {
  return {steps_.mutable_data<std::int64_t>(), static_cast<std::size_t>(steps_.numel())};
}

std::span<const std::int64_t> State::steps() const {
  return {steps_.data<std::int64_t>(), static_cast<std::size_t>(steps_.numel())};
}

std::span<double> State::lrs() {
  return {lrs_.mutable_data<double>(), static_cast<std::size_t>(lrs_.numel())};
}

std::span<const double> State::lrs() const {
  return {lrs_.data<double>(), static_cast<std::size_t>(lrs_.numel())};
}

StateDict State::live() const {
  StateDict all;
  for (std::size_t i = 0; i < arena_.parameters().size(); ++i) {
    const std::string prefix = "state." + std::to_string(i) + ".";
    for (const NamedTensor& block : blocks_) {
      all.push_back({prefix + block.name, arena_.view(block.tensor, i)});
    }
    for (const ParameterTensor& tensor : tensors_) {
      if (tensor.parameter == i) {
        all.push_back({prefix + tensor.named.name, tensor.named.tensor});
      }
    }
    all.push_back({prefix + "step", element(steps_, i)});
  }
  for (std::size_t group = 0; group < arena_.group_count(); ++group) {
    all.push_back({"group." + std::to_string(group) + ".lr", element(lrs_, group)});
  }
  all.insert(all.end(), numbers_.begin(), numbers_.end());
  return all;
}

StateDict State::save() const {
  StateDict all = live();
  for (NamedTensor& entry : all) entry.tensor = entry.tensor.clone();
  return all;
}

void State::load(const char* owner, const StateDict& state) {
  StateDict own = live();
  std::unordered_map<std::string_view, const Tensor*> given;
  for (const NamedTensor& entry : state) {
    if (!entry.tensor.defined()) fail(owner, "state \"", entry.name, "\" is undefined");
    if (!given.emplace(entry.name, &entry.tensor).second) {
      fail(owner, "state \"", entry.name, "\" is given twice");
    }
  }
  for (std::size_t i = 0; i < own.size(); ++i) {
    const NamedTensor& entry = own[i];
    const auto found = given.find(entry.name);
    if (found == given.end()) {
      fail(owner, "state \"", entry.name,
           "\" is missing; the state must come from the same optimizer with the same options");
    }
    // Steps and rates are not negative; a rule's own, which come last, may be.
    const bool is_rules_own = i + numbers_.size() >= own.size();
    check_tensor(owner, {entry.name, *found->second}, entry.tensor,
                 is_rules_own && entry.tensor.dtype() == DType::f64);
  }
  if (given.size() != own.size()) {
    std::unordered_map<std::string_view, bool> known;
    for (const NamedTensor& entry : own) known.emplace(entry.name, true);
    for (const NamedTensor& entry : state) {
      if (!known.contains(entry.name)) {
        fail(owner, "state \"", entry.name,
             "\" is unknown; the state must come from the same optimizer with the same options");
      }
    }
  }
  for (NamedTensor& entry : own) {
    entry.tensor.copy_(given.at(entry.name)->detach());
  }
}

}  // namespace plastic::optim

#include "plastic/nn/module.h"

#include <algorithm>
#include <unordered_set>

#include "core/backend.h"
#include "core/check.h"
#include "core/state_index.h"
#include "core/tensor_impl.h"
#include "plastic/core/autograd.h"

namespace plastic::nn {
namespace {

/// A tensor and what its memory and its gradient's are to be.
struct Move {
  std::shared_ptr<TensorImpl> tensor;
  Tensor values;
  Tensor gradient;
};

Move planned(const std::shared_ptr<TensorImpl>& tensor, Device device) {
  Move move{.tensor = tensor, .values = Tensor(tensor).detach().to(device), .gradient = {}};
  if (tensor->grad.defined()) move.gradient = tensor->grad.detach().to(device);
  return move;
}

void carry_out(const Move& move) noexcept {
  const TensorImpl& values = *move.values.impl();
  move.tensor->storage = values.storage;
  move.tensor->strides = values.strides;
  move.tensor->offset = values.offset;
  move.tensor->grad = move.gradient;
  // A slot belongs to an optimizer whose blocks are where the tensor was.
  move.tensor->grad_slot = nullptr;
}

}  // namespace

Tensor Module::forward_activated(const Tensor& x, Activation activation) {
  const Tensor y = forward(x);
  return activation == Activation::relu ? relu(y) : y;
}

std::vector<NamedTensor> Module::named_parameters() const {
  std::vector<NamedTensor> found;
  collect("", /*with_buffers=*/false, found);
  return found;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> found;
  for (const NamedTensor& parameter : named_parameters()) found.push_back(parameter.tensor);
  return found;
}

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  for (const Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

StateDict Module::state_dict() const {
  StateDict state;
  collect("", /*with_buffers=*/true, state);
  for (NamedTensor& entry : state) entry.tensor = entry.tensor.detach();
  return state;
}

void Module::load_state_dict(const StateDict& state) {
  const StateDict own = state_dict();
  const StateIndex given(state);
  for (const NamedTensor& entry : own) {
    const Tensor& source = given.find(entry.name, "load_state_dict");
    if (source.shape() != entry.tensor.shape()) {
      fail("load_state_dict", "\"", entry.name, "\" has shape ", to_string(source.shape()),
           ", the module needs ", to_string(entry.tensor.shape()));
    }
  }
  if (state.size() != own.size()) {
    const StateIndex known(own);
    for (const NamedTensor& entry : state) {
      known.find(entry.name, "load_state_dict: a tensor that the module does not have");
    }
    fail("load_state_dict", "the state names a tensor twice");
  }
  for (const NamedTensor& entry : own) {
    Tensor target = entry.tensor;
    target.copy_(given.find(entry.name, "load_state_dict"));
  }
}

void Module::to(Device device) {
  backend(device);
  StateDict tensors;
  collect("", /*with_buffers=*/true, tensors);
  std::vector<Move> moves;
  std::unordered_set<const TensorImpl*> seen;
  for (const NamedTensor& entry : tensors) {
    const auto& impl = entry.tensor.impl();
    if (entry.tensor.device() == device || !seen.insert(impl.get()).second) continue;
    moves.push_back(planned(impl, device));
  }
  for (const Move& move : moves) carry_out(move);
}

void Module::train(bool on) {
  training_ = on;
  for (const auto& [name, child] : children_) child->train(on);
}

void Module::fold_batch_norm() {
  training_ = false;
  for (const auto& [name, child] : children_) child->fold_batch_norm();
}

Tensor Module::register_parameter(const std::string& name, Tensor value) {
  take_name(name, not_a_child);
  value.set_requires_grad();
  parameters_.push_back({name, value});
  return value;
}

Tensor Module::register_buffer(const std::string& name, Tensor value) {
  take_name(name, not_a_child);
  buffers_.push_back({name, value});
  return value;
}

void Module::register_child(const std::string& name, ModulePtr child) {
  if (!child) fail("module", "child \"", name, "\" is null");
  take_name(name, children_.size());
  children_.emplace_back(name, std::move(child));
}

void Module::replace_child(const std::string& name, ModulePtr child) {
  const auto found = names_.find(name);
  if (found == names_.end() || found->second == not_a_child) {
    fail("module", "there is no child \"", name, "\"");
  }
  const std::size_t place = found->second;
  if (child) {
    children_[place].second = std::move(child);
    return;
  }
  names_.erase(found);
  children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(place));
  for (std::size_t i = place; i < children_.size(); ++i) names_[children_[i].first] = i;
}

void Module::take_name(const std::string& name, std::size_t place) {
  if (name.empty() || name.find('.') != std::string::npos) {
    fail("module", "\"", name, "\" is no name: it must not be empty or contain a dot");
  }
  if (!names_.emplace(name, place).second) fail("module", "the name \"", name, "\" is taken");
}

void Module::collect(const std::string& prefix, bool with_buffers,
                     std::vector<NamedTensor>& out) const {
  for (const NamedTensor& entry : parameters_) out.push_back({prefix + entry.name, entry.tensor});
  if (with_buffers) {
    for (const NamedTensor& entry : buffers_) out.push_back({prefix + entry.name, entry.tensor});
  }
  for (const auto& [name, child] : children_) {
    child->collect(prefix + name + ".", with_buffers, out);
  }
}

}  // namespace plastic::nn

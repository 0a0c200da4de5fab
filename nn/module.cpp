#include "plastic/nn/module.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "core/check.h"
#include "core/device/backend.h"
#include "core/io/state_index.h"
#include "core/repeats.h"
#include "core/tensor/tensor_impl.h"
#include "nn/all_or_nothing.h"
#include "plastic/core/autograd.h"

namespace plastic::nn {
namespace {

/// The likeliest mistake: the whole checkpoint of a run, in which the network's tensors stand under
/// "model.".
void check_is_not_prefixed(const StateIndex& given, const StateDict& state,
                           const std::string& name) {
  if (given.look_up(name) != nullptr) return;
  const std::string end = "." + name;
  for (const NamedTensor& entry : state) {
    if (!entry.name.ends_with(end)) continue;
    const std::string prefix = entry.name.substr(0, entry.name.size() - name.size());
    fail("load_state_dict", "\"", name, "\" is missing, but \"", entry.name,
         "\" is there; load the tensors whose names begin with \"", prefix,
         "\", without that beginning");
  }
}

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

std::vector<Tensor> tensors_of(const std::vector<NamedTensor>& entries) {
  std::vector<Tensor> tensors;
  tensors.reserve(entries.size());
  for (const NamedTensor& entry : entries) tensors.push_back(entry.tensor);
  return tensors;
}

/// The module whose forward() was called by forward_activated().
thread_local const Module* within_forward_activated = nullptr;

/// Sets a variable for as long as it lives.
template <class T>
class Restored {
 public:
  Restored(T& variable, T value) : variable_(variable), before_(std::exchange(variable, value)) {}
  ~Restored() { variable_ = before_; }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;

 private:
  T& variable_;
  T before_;
};

}  // namespace

Module::~Module() {
  for (const auto& [name, child] : children_) --child->places_;
}

Tensor Module::operator()(const Tensor& x) {
  return all_or_nothing([&] { return forward(x); });
}

Tensor Module::forward_activated(const Tensor& x, Activation activation) {
  if (within_forward_activated == this) {
    fail("module",
         "forward() calls forward_activated() on the same module, which calls forward(); "
         "call the forward() of the class that it is derived from, and then relu()");
  }
  const Restored<const Module*> restored(within_forward_activated, this);
  const Tensor y = forward(x);
  return activation == Activation::relu ? relu(y) : y;
}

std::vector<NamedTensor> Module::named_parameters() const { return distinct(Part::parameters); }
std::vector<Tensor> Module::parameters() const { return tensors_of(named_parameters()); }
std::vector<NamedTensor> Module::named_buffers() const { return distinct(Part::buffers); }
std::vector<Tensor> Module::buffers() const { return tensors_of(named_buffers()); }

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  for (const Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

StateDict Module::state_dict() const {
  StateDict state;
  collect("", Part::both, state);
  for (NamedTensor& entry : state) entry.tensor = entry.tensor.detach();
  return state;
}

void Module::load_state_dict(const StateDict& state) {
  const StateDict own = state_dict();
  const StateIndex given(state);
  for (const NamedTensor& entry : own) {
    check_is_not_prefixed(given, state, entry.name);
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
    target.copy_(given.find(entry.name, "load_state_dict").detach());
  }
}

void Module::to(Device device) {
  backend(device);
  std::vector<Move> moves;
  for (const NamedTensor& entry : distinct(Part::both)) {
    if (entry.tensor.device() != device) moves.push_back(planned(entry.tensor.impl(), device));
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
  ++child->places_;
  children_.emplace_back(name, std::move(child));
}

void Module::replace_child(const std::string& name, ModulePtr child) {
  const auto found = names_.find(name);
  if (found == names_.end() || found->second == not_a_child) {
    fail("module", "there is no child \"", name, "\"");
  }
  const std::size_t place = found->second;
  --children_[place].second->places_;
  if (child) {
    ++child->places_;
    children_[place].second = std::move(child);
    return;
  }
  names_.erase(found);
  children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(place));
  for (std::size_t i = place; i < children_.size(); ++i) names_[children_[i].first] = i;
}

Tensor Module::replace_parameter(const std::string& name, Tensor value) {
  const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                  [&](const NamedTensor& entry) { return entry.name == name; });
  if (found == parameters_.end()) fail("module", "there is no parameter \"", name, "\"");
  const TensorImpl& before = *found->tensor.impl();
  value.set_requires_grad(before.requires_grad);
  value.impl()->hooks = before.hooks;
  found->tensor = value;
  return value;
}

void Module::take_name(const std::string& name, std::size_t place) {
  if (name.empty() || name.find('.') != std::string::npos) {
    fail("module", "\"", name, "\" is not a valid name: it must not be empty or contain a dot");
  }
  if (!names_.emplace(name, place).second) fail("module", "the name \"", name, "\" is taken");
}

void Module::collect(const std::string& prefix, Part part, std::vector<NamedTensor>& out) const {
  const auto add = [&](const std::vector<NamedTensor>& own) {
    for (const NamedTensor& entry : own) out.push_back({prefix + entry.name, entry.tensor});
  };
  if (part != Part::buffers) add(parameters_);
  if (part != Part::parameters) add(buffers_);
  for (const auto& [name, child] : children_) child->collect(prefix + name + ".", part, out);
}

void Module::collect_places(const std::string& prefix,
                            std::unordered_map<const Module*, std::string>& out) const {
  if (!out.emplace(this, prefix).second) return;
  for (const auto& [name, child] : children_) {
    child->collect_places(prefix.empty() ? name : prefix + "." + name, out);
  }
}

std::vector<NamedTensor> Module::distinct(Part part) const {
  std::vector<NamedTensor> all;
  collect("", part, all);
  std::vector<const void*> addresses;
  addresses.reserve(all.size());
  for (const NamedTensor& entry : all) addresses.push_back(entry.tensor.impl().get());
  if (!has_repeats(std::move(addresses))) return all;
  std::vector<NamedTensor> found;
  std::unordered_set<const TensorImpl*> seen;
  for (NamedTensor& entry : all) {
    if (seen.insert(entry.tensor.impl().get()).second) found.push_back(std::move(entry));
  }
  return found;
}

std::vector<Module*> Module::all_modules() {
  std::vector<Module*> found = {this};
  std::unordered_set<const Module*> seen = {this};
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const auto& [name, child] : found[i]->children_) {
      if (seen.insert(child.get()).second) found.push_back(child.get());
    }
  }
  return found;
}

}  // namespace plastic::nn

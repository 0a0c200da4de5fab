#include "optim/arena.h"

#include <unordered_set>

#include "core/check.h"
#include "core/device/backend.h"
#include "core/tensor/foreign_memory.h"
#include "core/tensor/tensor_impl.h"

namespace plastic::optim {
namespace {

constexpr std::int64_t alignment = 16;

void check_parameter(const char* op, const Tensor& parameter, std::size_t index) {
  if (!parameter.defined()) fail(op, "parameter ", index, " is undefined; assign it first");
  const auto describe = [&] {
    return "parameter " + std::to_string(index) + ", shape " + to_string(parameter.shape()) + ",";
  };
  if (parameter.dtype() != DType::f32) {
    fail(op, describe(), " is ", name_of(parameter.dtype()), "; optimizers need f32");
  }
  if (!parameter.is_leaf()) {
    fail(op, describe(), " was computed from other tensors; give the leaf, or detach() it");
  }
  if (!parameter.is_contiguous()) {
    fail(op, describe(), " is not contiguous; make it from .contiguous()");
  }
}

void check_parameters(const char* op, const std::vector<std::vector<Tensor>>& groups) {
  if (groups.empty()) fail(op, "no parameter groups; give at least one");
  std::unordered_set<const TensorImpl*> seen;
  std::size_t index = 0;
  const Tensor* first = nullptr;
  for (std::size_t group = 0; group < groups.size(); ++group) {
    if (groups[group].empty()) {
      fail(op, "group ", group, " has no parameters; did the module register any?");
    }
    for (const Tensor& parameter : groups[group]) {
      check_parameter(op, parameter, index);
      if (!seen.insert(parameter.impl().get()).second) {
        fail(op, "parameter ", index, ", shape ", to_string(parameter.shape()),
             ", was given twice; list it once, in one group");
      }
      if (first == nullptr) first = &parameter;
      if (parameter.device() != first->device()) {
        fail(op, "parameter ", index, " is on ", to_string(parameter.device()), ", the first on ",
             to_string(first->device()), "; move them to one device");
      }
      ++index;
    }
  }
}

void check_unchanged(const char* op, const Tensor& parameter, const Segment& segment, Device device,
                     std::size_t index) {
  if (parameter.device() != device) {
    fail(op, "parameter ", index, " moved from ", to_string(device), " to ",
         to_string(parameter.device()), "; make the optimizer after moving the module");
  }
  if (parameter.dtype() != DType::f32 || parameter.numel() != segment.numel ||
      !parameter.is_contiguous()) {
    fail(op, "parameter ", index, " is now ", name_of(parameter.dtype()), " of shape ",
         to_string(parameter.shape()), ", not the contiguous f32 tensor of ", segment.numel,
         " elements that the optimizer was given; make a new optimizer");
  }
}

}  // namespace

Arena::Arena(const char* op, const std::vector<std::vector<Tensor>>& groups)
    : group_count_(groups.size()) {
  check_parameters(op, groups);
  for (std::size_t group = 0; group < groups.size(); ++group) {
    for (const Tensor& parameter : groups[group]) {
      parameters_.push_back(parameter);
      segments_.push_back({.offset = elements_,
                           .numel = parameter.numel(),
                           .rank = parameter.rank(),
                           .group = group});
      elements_ += (parameter.numel() + alignment - 1) / alignment * alignment;
    }
  }
  gradients_ = new_block_storage();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto bytes = static_cast<std::size_t>(segments_[i].offset) * sizeof(float);
    slots_.push_back(
        std::make_shared<GradientSlot>(gradients_, bytes, DType::f32, parameters_[i].shape()));
    parameters_[i].impl()->grad_slot = slots_[i];
  }
}

void Arena::gather(const char* op) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    check_unchanged(op, parameters_[i], segments_[i], device(), i);
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    TensorImpl& impl = *parameters_[i].impl();
    impl.grad_slot = slots_[i];
    segments_[i].is_stepped = impl.requires_grad && impl.grad.defined() && segments_[i].numel > 0;
  }
}

void Arena::read_gradient_at(std::size_t index, const float* address) {
  segments_[index].gradient = address;
}

void Arena::place_gradients() {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& gradient = parameters_[i].impl()->grad;
    // One that was set from outside stays the tensor that it is: the step reads a copy.
    if (!segments_[i].is_stepped || !gradient.defined()) continue;
    if (!slots_[i]->holds(gradient)) slots_[i]->placed(gradient);
  }
}

void Arena::mark_gradients_changed() {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& gradient = parameters_[i].impl()->grad;
    if (segments_[i].is_stepped && gradient.defined()) gradient.impl()->storage->bump_version();
  }
}

void Arena::mark_parameters_changed() {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (segments_[i].is_stepped) parameters_[i].impl()->storage->bump_version();
  }
}

Tensor Arena::gradient(std::size_t index) const {
  const Segment& segment = segments_[index];
  if (segment.gradient == nullptr) return view(gradient_block(), index);
  const auto bytes = static_cast<std::size_t>(segment.numel) * sizeof(float);
  // Nobody writes to a step's gradient.
  const auto storage = storage_over(const_cast<float*>(segment.gradient), bytes, device());
  const Shape& shape = parameters_[index].shape();
  return make_view(storage, DType::f32, shape, contiguous_strides(shape), 0);
}

Tensor Arena::gradient_block() const {
  return make_view(gradients_, DType::f32, {elements_}, {1}, 0);
}

Tensor Arena::new_block() const {
  return make_view(new_block_storage(), DType::f32, {elements_}, {1}, 0);
}

Tensor Arena::view(const Tensor& block, std::size_t index) const {
  const Shape& shape = parameters_[index].shape();
  return make_view(block.impl()->storage, DType::f32, shape, contiguous_strides(shape),
                   segments_[index].offset);
}

std::shared_ptr<Storage> Arena::new_block_storage() const {
  const Device device = parameters_.front().device();
  auto storage = Storage::allocate(static_cast<std::size_t>(elements_) * sizeof(float), device);
  backend(device).fill({storage->data(), DType::f32, {elements_}, {1}}, 0);
  return storage;
}

}  // namespace plastic::optim

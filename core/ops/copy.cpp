// Copies: clone, contiguous, conversion between dtypes and devices.
#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/ops/convert.h"
#include "core/tensor/layout.h"

namespace plastic {
namespace {

Tensor copied(const Tensor& x, Tensor y) {
  backend(x.device()).copy(array_of(x), array_of(y));
  return y;
}

Gradients pass_on(const Tensor& g, const Inputs&) { return {g}; }

}  // namespace

Tensor Tensor::clone() const {
  check_defined("clone", *this);
  return record("clone", copied(*this, empty_like_layout(*this)), {*this}, pass_on);
}

Tensor Tensor::contiguous() const {
  if (is_contiguous()) return *this;
  return record("contiguous", copied(*this, empty(shape(), {.dtype = dtype(), .device = device()})),
                {*this}, pass_on);
}

Tensor Tensor::to(DType dtype) const {
  check_defined("to", *this);
  const DType before = this->dtype();
  if (dtype == before) return *this;
  check_convertible("to", *this, dtype);
  Tensor converted = copied(*this, empty_like_layout(shape(), dtype, {*this}));
  if (!is_floating_point(dtype) || !is_floating_point(before)) return converted;
  return record("to", std::move(converted), {*this},
                [before](const Tensor& g, const Inputs& in) -> Gradients {
                  const Tensor place = in.slot(0);
                  return {place.defined() ? copied(g, place) : g.to(before)};
                });
}

Tensor Tensor::to(Device device) const {
  check_defined("to", *this);
  const Device before = this->device();
  if (device == before) return *this;
  // Bytes are moved in the order in which they lie.
  const Tensor plain = detach();
  const Tensor dense = is_channels_last(plain) ? plain : plain.contiguous();
  Tensor moved = empty_in_layout_of(dense, shape(), {.dtype = dtype(), .device = device});
  const std::size_t bytes = static_cast<std::size_t>(numel()) * size_of(dtype());
  void* target = memory(moved);
  const void* source = memory(dense);
  if (before.type == DeviceType::cpu) {
    backend(device).copy_from_host(source, target, bytes);
  } else if (device.type == DeviceType::cpu) {
    backend(before).copy_to_host(source, target, bytes);
  } else {
    moved = plain.to(Device{}).to(device);
  }
  return record("to", std::move(moved), {*this},
                [before](const Tensor& g, const Inputs&) -> Gradients { return {g.to(before)}; });
}

}  // namespace plastic

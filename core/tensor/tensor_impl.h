#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/device/array.h"
#include "core/tensor/storage.h"
#include "plastic/core/tensor.h"

namespace plastic {

class GradientSlot;
class Node;

using GradientHook = std::function<Tensor(const Tensor& grad)>;

/// The state behind a Tensor handle.
struct TensorImpl {
  std::shared_ptr<Storage> storage;
  Shape shape;
  Shape strides;
  /// First element, counted in elements from the start of the storage.
  std::int64_t offset = 0;
  DType dtype = DType::f32;

  bool requires_grad = false;
  /// What computed this tensor; null for leaves.
  std::shared_ptr<Node> grad_fn;
  /// The gradient accumulated so far.
  Tensor grad;
  /// The hooks of a leaf; a computed tensor's are in its node.
  std::vector<GradientHook> hooks;
  /// Where the gradient is to be stored, if someone (an optimizer's arena) prescribes it.
  std::shared_ptr<GradientSlot> grad_slot;

  void* data() const {
    // An empty storage has no memory to point into.
    if (storage->data() == nullptr) return nullptr;
    return storage->data() + offset * static_cast<std::int64_t>(size_of(dtype));
  }
};

/// The tensor as kernels see it.
Array array_of(const Tensor& tensor);

/// The first element, wherever it lies; null for an undefined tensor.
inline void* memory(const Tensor& tensor) {
  return tensor.defined() ? tensor.impl()->data() : nullptr;
}

/// For a tensor like this one.
inline TensorOptions options_of(const Tensor& tensor) {
  return {.dtype = tensor.dtype(), .device = tensor.device()};
}

/// A tensor over existing storage.
Tensor make_view(const std::shared_ptr<Storage>& storage, DType dtype, const Shape& shape,
                 const Shape& strides, std::int64_t offset);

/// `axis` counted from the front. Throws Error naming `op` when out of range.
std::size_t normalize_axis(const char* op, std::int64_t axis, std::size_t rank);

/// Throws Error naming `op` for an undefined tensor.
void check_defined(const char* op, const Tensor& tensor);

/// Throws Error naming `op` unless the tensor is f32, f64 or bf16.
void check_floating(const char* op, const Tensor& tensor);

/// Throws Error naming `op` unless both are on one device.
void check_same_device(const char* op, const Tensor& a, const Tensor& b);

/// Throws Error naming `op` unless both are of one dtype and on one device.
void check_same_kind(const char* op, const Tensor& a, const Tensor& b);

}  // namespace plastic

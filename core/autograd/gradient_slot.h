#pragma once

#include <cstddef>
#include <memory>

#include "core/tensor/storage.h"
#include "plastic/core/tensor.h"

namespace plastic {

/// A place in a block of memory where the gradient of a leaf is to live, so that whoever owns the
/// block, an optimizer, finds all gradients beside each other.
class GradientSlot {
 public:
  /// The place starts `offset` bytes into `block`.
  GradientSlot(std::shared_ptr<Storage> block, std::size_t offset, DType dtype, const Shape& shape);

  /// A contiguous tensor over the place, for the next gradient; its contents are unspecified. If
  /// the tensor taken before is still held by somebody, it is first moved out of the block, so that
  /// a gradient that is held never changes.
  Tensor take();
  /// `gradient` where it is the tensor taken last, else a copy of it in the place.
  Tensor placed(const Tensor& gradient);
  /// Whether `tensor` is the one taken last.
  bool holds(const Tensor& tensor) const;

 private:
  std::shared_ptr<Storage> block_;
  std::size_t offset_;
  DType dtype_;
  Shape shape_;
  std::weak_ptr<Storage> taken_;
  std::weak_ptr<TensorImpl> taken_tensor_;
};

}  // namespace plastic

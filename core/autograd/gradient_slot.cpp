#include "core/autograd/gradient_slot.h"

#include <utility>

#include "core/device/backend.h"
#include "core/tensor/tensor_impl.h"

namespace plastic {

GradientSlot::GradientSlot(std::shared_ptr<Storage> block, std::size_t offset, DType dtype,
                           const Shape& shape)
    : block_(std::move(block)), offset_(offset), dtype_(dtype), shape_(shape) {}

Tensor GradientSlot::take() {
  if (const std::shared_ptr<Storage> held = taken_.lock()) held->leave_block();
  const std::size_t bytes = static_cast<std::size_t>(shape_.numel()) * size_of(dtype_);
  const std::shared_ptr<Storage> place = Storage::part_of(block_, offset_, bytes);
  taken_ = place;
  Tensor tensor = make_view(place, dtype_, shape_, contiguous_strides(shape_), 0);
  taken_tensor_ = tensor.impl();
  return tensor;
}

Tensor GradientSlot::placed(const Tensor& gradient) {
  if (holds(gradient)) return gradient;
  Tensor place = take();
  backend(place.device()).copy(array_of(gradient), array_of(place));
  return place;
}

bool GradientSlot::holds(const Tensor& tensor) const {
  // Comparing owners is cheaper than lock().
  const auto is_one = [](const auto& held, const auto& taken) {
    return !held.owner_before(taken) && !taken.owner_before(held);
  };
  if (!is_one(tensor.impl()->storage, taken_)) return false;
  if (is_one(tensor.impl(), taken_tensor_)) return true;
  return tensor.shape() == shape_ && tensor.is_contiguous();
}

}  // namespace plastic

#include "core/gradient_slot.h"

#include <utility>

#include "core/backend.h"
#include "core/tensor_impl.h"

namespace plastic {

GradientSlot::GradientSlot(std::shared_ptr<Storage> block, std::size_t offset, DType dtype,
                           const Shape& shape)
    : block_(std::move(block)), offset_(offset), dtype_(dtype), shape_(shape) {}

Tensor GradientSlot::take() {
  if (const std::shared_ptr<Storage> held = taken_.lock()) held->leave_block();
  const std::size_t bytes = static_cast<std::size_t>(shape_.numel()) * size_of(dtype_);
  const std::shared_ptr<Storage> place = Storage::part_of(block_, offset_, bytes);
  taken_ = place;
  return make_view(place, dtype_, shape_, contiguous_strides(shape_), 0);
}

Tensor GradientSlot::placed(const Tensor& gradient) {
  if (holds(gradient)) return gradient;
  Tensor place = take();
  backend(place.device()).copy(array_of(gradient), array_of(place));
  return place;
}

bool GradientSlot::holds(const Tensor& tensor) const {
  return tensor.impl()->storage == taken_.lock() && tensor.shape() == shape_ &&
         tensor.is_contiguous();
}

}  // namespace plastic

#include "core/tensor/layout.h"

#include <algorithm>

#include "core/device/backend.h"
#include "core/tensor/tensor_impl.h"

namespace plastic {
namespace {

/// (N, C, H, W) as it lies in memory, and back.
Array in_memory_order(const Tensor& x) {
  const Array array = array_of(x);
  const Shape& shape = array.shape;
  const Shape& strides = array.strides;
  return {array.data,
          array.dtype,
          {shape[0], shape[2], shape[3], shape[1]},
          {strides[0], strides[2], strides[3], strides[1]}};
}

}  // namespace

bool is_channels_last(const Tensor& x) {
  return x.rank() == 4 && (x.numel() == 0 || in_memory_order(x).is_contiguous());
}

Tensor channels_last(const Tensor& x) {
  if (is_channels_last(x)) return x.detach();
  Tensor y = empty_channels_last(x.shape(), {.dtype = x.dtype(), .device = x.device()});
  backend(x.device()).copy(array_of(x), array_of(y));
  return y;
}

Tensor empty_channels_last(const Shape& shape, const TensorOptions& options) {
  const Tensor dense = Tensor::empty({shape[0], shape[2], shape[3], shape[1]}, options);
  const Shape& strides = dense.strides();
  return make_view(dense.impl()->storage, options.dtype, shape,
                   {strides[0], strides[3], strides[1], strides[2]}, 0);
}

Tensor empty_like_layout(const Shape& shape, DType dtype, std::initializer_list<Tensor> operands) {
  const TensorOptions options{.dtype = dtype, .device = operands.begin()->device()};
  const bool last =
      shape.rank() == 4 &&
      std::any_of(operands.begin(), operands.end(), [&](const Tensor& operand) {
        return operand.shape() == shape && !operand.is_contiguous() && is_channels_last(operand);
      });
  return last ? empty_channels_last(shape, options) : Tensor::empty(shape, options);
}

Tensor empty_in_layout_of(const Tensor& x, const Shape& shape, const TensorOptions& options) {
  const bool last = shape.rank() == 4 && !x.is_contiguous() && is_channels_last(x);
  return last ? empty_channels_last(shape, options) : Tensor::empty(shape, options);
}

Tensor empty_like_layout(const Tensor& x) {
  return empty_in_layout_of(x, x.shape(), {.dtype = x.dtype(), .device = x.device()});
}

}  // namespace plastic

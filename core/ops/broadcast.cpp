#include "core/ops/broadcast.h"

#include "core/device/array.h"
#include "core/tensor/number.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {

Array expanded_array(const Tensor& tensor, const Shape& shape) {
  Array array = array_of(tensor);
  if (array.shape == shape) return array;
  const std::size_t missing = shape.rank() - array.shape.rank();
  Shape strides = Shape::filled(shape.rank(), 0);
  for (std::size_t i = missing; i < shape.rank(); ++i) {
    if (array.shape[i - missing] == shape[i]) strides[i] = array.strides[i - missing];
  }
  array.shape = shape;
  array.strides = strides;
  return array;
}

Tensor scalar_like(const char* op, const Number& number, const Tensor& x) {
  check_defined(op, x);
  check_number(op, number, x.dtype());
  return Tensor::full({}, number, options_of(x));
}

Tensor sum_to(const Tensor& grad, const Shape& shape) {
  if (grad.shape() == shape) return grad;
  const std::size_t missing = grad.shape().rank() - shape.rank();
  Shape axes;
  for (std::size_t i = 0; i < grad.shape().rank(); ++i) {
    if (i < missing || (shape[i - missing] == 1 && grad.shape()[i] != 1)) {
      axes.push_back(static_cast<std::int64_t>(i));
    }
  }
  return sum(grad, axes, /*keepdim=*/true).reshape(shape);
}

}  // namespace plastic

#include "core/ops/axis.h"

#include "core/check.h"
#include "core/tensor/tensor_impl.h"

namespace plastic {

Array around_axis(const Tensor& tensor, std::size_t axis) {
  Array array = array_of(tensor);
  Shape shape = {1, array.shape[axis], 1};
  for (std::size_t i = 0; i < axis; ++i) shape[0] *= array.shape[i];
  for (std::size_t i = axis + 1; i < array.shape.rank(); ++i) shape[2] *= array.shape[i];
  array.shape = shape;
  array.strides = contiguous_strides(shape);
  return array;
}

Shape reduced_shape(const char* op, const Tensor& x, const Shape& axes) {
  Shape shape = x.shape();
  if (axes.empty()) return Shape::filled(shape.rank(), 1);
  Shape seen = Shape::filled(shape.rank(), 0);
  for (const std::int64_t axis : axes) {
    const std::size_t at = normalize_axis(op, axis, shape.rank());
    if (seen[at]++ != 0) fail(op, "axis ", axis, " is given twice in ", to_string(axes));
    shape[at] = 1;
  }
  return shape;
}

Shape without_axes(const char* op, const Tensor& x, const Shape& axes) {
  Shape shape;
  if (axes.empty()) return shape;
  Shape gone = Shape::filled(x.shape().rank(), 0);
  for (const std::int64_t axis : axes) gone[normalize_axis(op, axis, gone.rank())] = 1;
  for (std::size_t i = 0; i < gone.rank(); ++i) {
    if (gone[i] == 0) shape.push_back(x.shape()[i]);
  }
  return shape;
}

Shape reduced_last(const Tensor& x, const Shape& axes, const Shape& kept) {
  Shape order;
  for (const bool reduced : {false, true}) {
    for (std::size_t i = 0; i < kept.rank(); ++i) {
      const bool is_reduced = axes.empty() || (kept[i] == 1 && x.shape()[i] != 1);
      if (is_reduced == reduced) order.push_back(static_cast<std::int64_t>(i));
    }
  }
  return order;
}

double reduced_count(const Tensor& x, const Shape& kept) {
  double count = 1;
  for (std::size_t i = 0; i < kept.rank(); ++i) {
    if (kept[i] == 1) count *= static_cast<double>(x.shape()[i]);
  }
  return count;
}

}  // namespace plastic

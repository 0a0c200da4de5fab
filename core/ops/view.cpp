// Views: reshape, permute, slice, expand and their relatives share storage with their argument.
#include <algorithm>
#include <optional>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/ops/broadcast.h"
#include "core/tensor/sizes.h"
#include "plastic/core/ops/diagonal.h"
#include "plastic/core/ops/flip.h"

namespace plastic {
namespace {

Tensor view_of(const Tensor& x, const Shape& shape, const Shape& strides,
               std::int64_t extra_offset = 0) {
  const TensorImpl& impl = *x.impl();
  return make_view(impl.storage, impl.dtype, shape, strides, impl.offset + extra_offset);
}

/// Strides that give the elements of `x` in order under another shape, where there are such.
std::optional<Shape> strides_for(const Tensor& x, const Shape& shape) {
  if (x.is_contiguous()) return contiguous_strides(shape);
  if (x.numel() == 0) return std::nullopt;
  // Axes of x that follow each other in memory form runs; each axis of the result must lie inside
  // one run.
  Array runs[] = {array_of(x)};
  collapse_axes(runs);
  Shape strides = Shape::filled(shape.rank(), 1);
  std::size_t axis = shape.rank();
  for (std::size_t run = runs[0].shape.rank(); run-- > 0;) {
    std::int64_t left = runs[0].shape[run];
    std::int64_t stride = runs[0].strides[run];
    while (left > 1) {
      if (axis == 0) return std::nullopt;
      --axis;
      if (left % shape[axis] != 0) return std::nullopt;
      strides[axis] = stride;
      stride *= shape[axis];
      left /= shape[axis];
    }
  }
  return strides;
}

Shape resolve_shape(const Tensor& x, Shape shape) {
  const Shape asked = shape;
  std::optional<std::size_t> inferred;
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    if (shape[i] == -1 && !inferred) {
      inferred = i;
      shape[i] = 1;
    } else if (shape[i] < 0) {
      fail("reshape", "at most one size may be -1 and none less, got ", to_string(asked));
    }
  }
  const std::int64_t elements = x.numel();
  std::optional<std::int64_t> count = element_count(shape);
  if (inferred && count && *count != 0) {
    shape[*inferred] = elements / *count;
    *count *= shape[*inferred];
  }
  if (count != elements || (inferred && count == 0 && shape[*inferred] != 0)) {
    fail("reshape", "cannot give shape ", to_string(asked), " to ", x.numel(),
         " elements of shape ", to_string(x.shape()));
  }
  return shape;
}

/// x[start:end:step] of NumPy for a negative step: what a positive step picks, in reverse order.
Tensor sliced_backwards(const Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t end,
                        std::int64_t step, std::int64_t size) {
  // -1 is the place before the first element.
  const auto clamp = [size](std::int64_t position) {
    return std::clamp<std::int64_t>(position < 0 ? position + size : position, -1, size - 1);
  };
  const std::int64_t first = clamp(start);
  const std::int64_t count = first - clamp(end);
  if (count <= 0) return x.slice(axis, 0, 0);
  const std::int64_t width = step < -size ? size : -step;
  const std::int64_t last = first - (count - 1) / width * width;
  return flip(x.slice(axis, last, first + 1, width), {axis});
}

/// A view that only names the elements' places in another shape: its gradient is `grad` in the old
/// shape.
Tensor relabel(const char* op, const Tensor& x, const Shape& shape, const Shape& strides) {
  return record(op, view_of(x, shape, strides), {x},
                [before = x.shape()](const Tensor& g, const Inputs&) -> Gradients {
                  return {g.reshape(before)};
                });
}

}  // namespace

Tensor Tensor::reshape(const Shape& shape) const {
  check_defined("reshape", *this);
  const Shape target = resolve_shape(*this, shape);
  if (const std::optional<Shape> strides = strides_for(*this, target)) {
    return relabel("reshape", *this, target, *strides);
  }
  return contiguous().reshape(target);
}

Tensor Tensor::flatten(std::int64_t first, std::int64_t last) const {
  if (rank() == 0) return reshape({1});
  const std::size_t from = normalize_axis("flatten", first, shape().rank());
  const std::size_t to = normalize_axis("flatten", last, shape().rank());
  if (from > to) fail("flatten", "first axis ", first, " comes after last axis ", last);
  Shape target;
  std::int64_t joined = 1;
  for (std::size_t i = 0; i < shape().rank(); ++i) {
    if (i >= from && i <= to) joined *= shape()[i];
    if (i < from || i > to) target.push_back(shape()[i]);
    if (i == to) target.push_back(joined);
  }
  return reshape(target);
}

Tensor Tensor::permute(const Shape& axes) const {
  check_defined("permute", *this);
  const std::size_t count = shape().rank();
  Shape inverse = Shape::filled(count, -1);
  Shape target;
  Shape target_strides;
  bool valid = axes.rank() == count;
  for (std::size_t i = 0; valid && i < count; ++i) {
    const std::size_t axis = normalize_axis("permute", axes[i], count);
    valid = inverse[axis] == -1;
    inverse[axis] = static_cast<std::int64_t>(i);
    target.push_back(shape()[axis]);
    target_strides.push_back(strides()[axis]);
  }
  if (!valid) {
    fail("permute", to_string(axes), " is not a permutation of the ", count, " axes of ",
         to_string(shape()));
  }
  return record(
      "permute", view_of(*this, target, target_strides), {*this},
      [inverse](const Tensor& g, const Inputs&) -> Gradients { return {g.permute(inverse)}; });
}

Tensor Tensor::transpose(std::int64_t axis0, std::int64_t axis1) const {
  check_defined("transpose", *this);
  Shape axes;
  for (std::int64_t i = 0; i < rank(); ++i) axes.push_back(i);
  const std::size_t first = normalize_axis("transpose", axis0, axes.rank());
  const std::size_t second = normalize_axis("transpose", axis1, axes.rank());
  std::swap(axes[first], axes[second]);
  return permute(axes);
}

Tensor Tensor::slice(std::int64_t axis, std::int64_t start, std::int64_t end,
                     std::int64_t step) const {
  check_defined("slice", *this);
  const std::size_t at = normalize_axis("slice", axis, shape().rank());
  if (step == 0) fail("slice", "step must not be 0");
  const std::int64_t size = shape()[at];
  if (step < 0) return sliced_backwards(*this, axis, start, end, step, size);
  const auto clamp = [size](std::int64_t position) {
    return std::clamp<std::int64_t>(position < 0 ? position + size : position, 0, size);
  };
  const std::int64_t first = clamp(start);
  const std::int64_t count = std::max<std::int64_t>(clamp(end) - first, 0);
  Shape target = shape();
  Shape target_strides = strides();
  target[at] = count == 0 ? 0 : (count - 1) / step + 1;
  // The stride of a single element means nothing, and its product with a long step need not fit.
  if (target[at] > 1) target_strides[at] = strides()[at] * step;
  return record("slice", view_of(*this, target, target_strides, first * strides()[at]), {*this},
                [=, before = shape()](const Tensor& g, const Inputs&) -> Gradients {
                  const Tensor whole =
                      Tensor::zeros(before, {.dtype = g.dtype(), .device = g.device()});
                  whole.slice(axis, first, first + count, step).copy_(g);
                  return {whole};
                });
}

Tensor Tensor::expand(const Shape& asked) const {
  check_defined("expand", *this);
  const Shape& before = this->shape();
  if (asked == before) return *this;
  bool fits = asked.rank() >= before.rank();
  const std::size_t added = fits ? asked.rank() - before.rank() : 0;
  Shape target = asked;
  Shape target_strides = Shape::filled(asked.rank(), 0);
  for (std::size_t i = added; fits && i < target.rank(); ++i) {
    const std::int64_t size = before[i - added];
    if (target[i] == -1) target[i] = size;
    fits = target[i] == size || size == 1;
    if (target[i] == size) target_strides[i] = strides()[i - added];
  }
  if (!fits || !element_count(target)) {
    // Throws where the sizes do not fit at all.
    if (asked.rank() >= before.rank()) broadcast_shapes("expand", before, target);
    fail("expand", "cannot broadcast ", to_string(before), " to ", to_string(asked));
  }
  if (target == before) return *this;
  return record(
      "expand", view_of(*this, target, target_strides), {*this},
      [before](const Tensor& g, const Inputs&) -> Gradients { return {sum_to(g, before)}; });
}

Tensor diagonal(const Tensor& x, std::int64_t axis1, std::int64_t axis2) {
  check_defined("diagonal", x);
  const std::size_t first = normalize_axis("diagonal", axis1, x.shape().rank());
  const std::size_t second = normalize_axis("diagonal", axis2, x.shape().rank());
  if (first == second) {
    fail("diagonal", "axes ", axis1, " and ", axis2, " of ", to_string(x.shape()), " are one");
  }
  Shape shape = x.shape();
  Shape strides = x.strides();
  const std::int64_t size = std::min(shape[first], shape[second]);
  const std::int64_t stride = strides[first] + strides[second];
  for (const std::size_t axis : {std::max(first, second), std::min(first, second)}) {
    shape.erase(axis);
    strides.erase(axis);
  }
  shape.push_back(size);
  strides.push_back(stride);
  return record("diagonal", view_of(x, shape, strides), {x},
                [=, before = x.shape()](const Tensor& g, const Inputs&) -> Gradients {
                  const Tensor whole = Tensor::zeros(before, options_of(g));
                  diagonal(whole, axis1, axis2).copy_(g);
                  return {whole};
                });
}

Tensor Tensor::squeeze(std::int64_t axis) const {
  check_defined("squeeze", *this);
  const std::size_t at = normalize_axis("squeeze", axis, shape().rank());
  if (shape()[at] != 1) {
    fail("squeeze", "axis ", axis, " of ", to_string(shape()), " is not of size 1");
  }
  Shape target = shape();
  Shape target_strides = strides();
  target.erase(at);
  target_strides.erase(at);
  return relabel("squeeze", *this, target, target_strides);
}

Tensor Tensor::unsqueeze(std::int64_t axis) const {
  check_defined("unsqueeze", *this);
  const std::size_t at = normalize_axis("unsqueeze", axis, shape().rank() + 1);
  Shape target = shape();
  Shape target_strides = strides();
  target.insert(at, 1);
  target_strides.insert(at, 1);
  return relabel("unsqueeze", *this, target, target_strides);
}

}  // namespace plastic

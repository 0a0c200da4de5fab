#include "plastic/core/ops/interpolate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/check.h"
#include "core/ops/gathered.h"
#include "core/ops/mixed_precision.h"
#include "core/ops/pool2d.h"
#include "core/tensor/layout.h"
#include "core/tensor/sizes.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic {
namespace {

constexpr const char* op = "interpolate";

Tensor nearest(const Tensor& x, std::size_t axis, std::int64_t size) {
  const std::int64_t before = x.shape()[axis];
  const float scale = static_cast<float>(before) / static_cast<float>(size);
  std::vector<std::int64_t> places;
  reserve(op, places, size);
  for (std::int64_t i = 0; i < size; ++i) {
    const float at = std::floor(static_cast<float>(i) * scale);
    places.push_back(std::min(static_cast<std::int64_t>(at), before - 1));
  }
  return picked(op, x, axis, places);
}

/// Numbers along `axis` of tensors like x.
Tensor along(const Tensor& x, std::size_t axis, const std::vector<double>& values) {
  Shape shape = Shape::filled(x.shape().rank(), 1);
  shape[axis] = std::ssize(values);
  return Tensor::from(values, shape).to(x.dtype()).to(x.device());
}

Tensor linear_between(const Tensor& x, std::size_t axis, std::int64_t size) {
  const std::int64_t before = x.shape()[axis];
  if (before == size) return x;
  const double scale = static_cast<double>(before) / static_cast<double>(size);
  std::vector<std::int64_t> low, high;
  std::vector<double> low_weights, high_weights;
  reserve(op, low, size);
  for (std::int64_t i = 0; i < size; ++i) {
    const double at = std::max((static_cast<double>(i) + 0.5) * scale - 0.5, 0.0);
    const std::int64_t place = std::min(static_cast<std::int64_t>(at), before - 1);
    const double weight = std::min(at - static_cast<double>(place), 1.0);
    low.push_back(place);
    high.push_back(std::min(place + 1, before - 1));
    low_weights.push_back(1 - weight);
    high_weights.push_back(weight);
  }
  return add(mul(picked(op, x, axis, low), along(x, axis, low_weights)),
             mul(picked(op, x, axis, high), along(x, axis, high_weights)));
}

}  // namespace

// One axis after the other.
Tensor interpolate(const Tensor& x, const std::array<std::int64_t, 2>& size, InterpolateMode mode) {
  check_image(op, x);
  if (size[0] < 1 || size[1] < 1) {
    fail(op, "the result needs a row and a column, got ", size[0], " and ", size[1]);
  }
  const auto resized = [&](const Tensor& image, std::size_t rows, std::size_t columns) {
    if (mode == InterpolateMode::nearest) {
      return nearest(nearest(image, columns, size[1]), rows, size[0]);
    }
    return linear_between(linear_between(widened(op, image), columns, size[1]), rows, size[0])
        .to(x.dtype());
  };
  const bool is_last = !x.is_contiguous() && is_channels_last(x);
  if (!is_last) return resized(x, 2, 3);
  return resized(x.permute({0, 2, 3, 1}), 1, 2).permute({0, 3, 1, 2});
}

}  // namespace plastic

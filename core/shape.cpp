#include "plastic/core/shape.h"

#include <algorithm>

#include "core/check.h"
#include "core/sizes.h"

namespace plastic {

Shape::Shape(std::initializer_list<std::int64_t> values)
    : Shape(std::span<const std::int64_t>(values.begin(), values.size())) {}

Shape::Shape(std::span<const std::int64_t> values) {
  for (const std::int64_t value : values) push_back(value);
}

Shape Shape::filled(std::size_t rank, std::int64_t value) {
  Shape shape;
  for (std::size_t i = 0; i < rank; ++i) shape.push_back(value);
  return shape;
}

void Shape::push_back(std::int64_t value) { insert(rank_, value); }

void Shape::erase(std::size_t i) {
  std::copy(values_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
            values_.begin() + static_cast<std::ptrdiff_t>(rank_),
            values_.begin() + static_cast<std::ptrdiff_t>(i));
  values_[--rank_] = 0;
}

void Shape::insert(std::size_t i, std::int64_t value) {
  if (rank_ == max_rank) fail("shape", "more than ", max_rank, " axes");
  std::copy_backward(values_.begin() + static_cast<std::ptrdiff_t>(i),
                     values_.begin() + static_cast<std::ptrdiff_t>(rank_),
                     values_.begin() + static_cast<std::ptrdiff_t>(rank_) + 1);
  values_[i] = value;
  ++rank_;
}

std::int64_t Shape::numel() const {
  const std::optional<std::int64_t> count = element_count(*this);
  if (count) return *count;
  if (std::any_of(begin(), end(), [](std::int64_t size) { return size < 0; })) {
    fail("shape", "negative size in shape ", to_string(*this));
  }
  fail("shape", "shape ", to_string(*this), " has more elements than can be counted");
}

bool Shape::operator==(const Shape& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  // One value keeps its comma, as Python writes tuples.
  return text + (shape.rank() == 1 ? ",)" : ")");
}

Shape contiguous_strides(const Shape& shape) {
  Shape strides = Shape::filled(shape.rank(), 1);
  for (std::size_t i = shape.rank(); i-- > 1;) {
    strides[i - 1] = strides[i] * std::max<std::int64_t>(shape[i], 1);
  }
  return strides;
}

Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b) {
  const std::size_t rank = std::max(a.rank(), b.rank());
  Shape result = Shape::filled(rank, 1);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t size_a = i < a.rank() ? a[a.rank() - 1 - i] : 1;
    const std::int64_t size_b = i < b.rank() ? b[b.rank() - 1 - i] : 1;
    if (size_a != size_b && size_a != 1 && size_b != 1) {
      fail(op, "shapes do not broadcast: ", to_string(a), " and ", to_string(b),
           "; sizes must be equal or 1, counted from the last axis");
    }
    result[rank - 1 - i] = size_a == 1 ? size_b : size_a;
  }
  return result;
}

}  // namespace plastic

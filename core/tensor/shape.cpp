#include "plastic/core/shape.h"

#include <algorithm>

#include "core/check.h"
#include "core/tensor/sizes.h"

namespace plastic {
namespace {

void check_room_for(std::size_t rank) {
  if (rank > Shape::max_rank) fail("shape", "more than ", Shape::max_rank, " axes");
}

/// For a shape that element_count() has no number for.
[[noreturn, gnu::cold]] void refuse_sizes(const Shape& shape) {
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; })) {
    fail("shape", "negative size in shape ", to_string(shape));
  }
  fail("shape", "shape ", to_string(shape), " has more elements than can be counted");
}

}  // namespace

Shape::Shape(std::initializer_list<std::int64_t> values)
    : Shape(std::span<const std::int64_t>(values.begin(), values.size())) {}

Shape::Shape(std::span<const std::int64_t> values) {
  check_room_for(values.size());
  std::copy(values.begin(), values.end(), values_.begin());
  rank_ = values.size();
}

Shape Shape::filled(std::size_t rank, std::int64_t value) {
  check_room_for(rank);
  Shape shape;
  std::fill_n(shape.values_.begin(), rank, value);
  shape.rank_ = rank;
  return shape;
}

void Shape::push_back(std::int64_t value) {
  check_room_for(rank_ + 1);
  values_[rank_++] = value;
}

void Shape::erase(std::size_t i) {
  std::copy(values_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
            values_.begin() + static_cast<std::ptrdiff_t>(rank_),
            values_.begin() + static_cast<std::ptrdiff_t>(i));
  values_[--rank_] = 0;
}

void Shape::insert(std::size_t i, std::int64_t value) {
  check_room_for(rank_ + 1);
  std::copy_backward(values_.begin() + static_cast<std::ptrdiff_t>(i),
                     values_.begin() + static_cast<std::ptrdiff_t>(rank_),
                     values_.begin() + static_cast<std::ptrdiff_t>(rank_) + 1);
  values_[i] = value;
  ++rank_;
}

std::int64_t Shape::numel() const {
  // Called many times in every operation: sizes that need care are left to element_count().
  std::int64_t product = 1;
  for (const std::int64_t size : *this) {
    if (size <= 0 || __builtin_mul_overflow(product, size, &product)) [[unlikely]] {
      const std::optional<std::int64_t> count = element_count(*this);
      return count ? *count : (refuse_sizes(*this), 0);
    }
  }
  return product;
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
  Shape strides = shape;
  std::int64_t stride = 1;
  for (std::size_t i = shape.rank(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<std::int64_t>(shape[i], 1);
  }
  return strides;
}

Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b) {
  if (a == b) return a;
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

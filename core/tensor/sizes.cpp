#include "core/tensor/sizes.h"

namespace plastic {

std::optional<std::int64_t> element_count(const Shape& shape) {
  std::int64_t product = 1;
  bool is_empty = false;
  for (const std::int64_t size : shape) {
    if (size == 0) {
      is_empty = true;
    } else if (size < 0 || __builtin_mul_overflow(product, size, &product)) {
      return std::nullopt;
    }
  }
  return is_empty ? 0 : product;
}

std::int64_t checked_add(const char* op, std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) {
    fail(op, "sizes are too large: ", a, " + ", b, " is beyond 64 bits");
  }
  return sum;
}

std::int64_t checked_multiply(const char* op, std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) {
    fail(op, "sizes are too large: ", a, " times ", b, " is beyond 64 bits");
  }
  return product;
}

}  // namespace plastic

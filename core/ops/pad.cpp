#include "plastic/core/ops/pad.h"

#include <algorithm>
#include <vector>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/tensor/layout.h"
#include "core/tensor/number.h"
#include "core/tensor/sizes.h"

namespace plastic {
namespace {

std::string text_of(std::span<const std::int64_t> amounts) {
  std::string text;
  for (const std::int64_t amount : amounts) {
    text += (text.empty() ? "" : ", ") + std::to_string(amount);
  }
  return text;
}

}  // namespace

// What was put around has no gradient, and what was cut off has zeros: the gradient is padded by
// the opposite amounts.
Tensor pad(const Tensor& x, std::span<const std::int64_t> amounts, Number value) {
  check_defined("pad", x);
  check_number("pad", value, x.dtype());
  if (amounts.size() % 2 != 0 || amounts.size() / 2 > x.shape().rank()) {
    fail("pad", "amounts (", text_of(amounts), ") must be pairs, at most one an axis of ",
         to_string(x.shape()));
  }
  Shape shape = x.shape();
  Tensor source = x.detach();
  std::vector<std::int64_t> starts(shape.rank(), 0);
  for (std::size_t pair = 0; pair < amounts.size() / 2; ++pair) {
    const std::size_t axis = shape.rank() - 1 - pair;
    const std::int64_t before = amounts[2 * pair];
    const std::int64_t after = amounts[2 * pair + 1];
    const std::int64_t size = shape[axis];
    const bool one_is_too_many = before < -size || after < -size;
    if (one_is_too_many ||
        std::min<std::int64_t>(before, 0) + std::min<std::int64_t>(after, 0) < -size) {
      fail("pad", "amounts (", text_of(amounts), ") cut off more than there is of ",
           to_string(x.shape()));
    }
    const std::int64_t from = std::max<std::int64_t>(-before, 0);
    const std::int64_t to = size - std::max<std::int64_t>(-after, 0);
    shape[axis] = checked_add("pad", checked_add("pad", size, before), after);
    starts[axis] = std::max<std::int64_t>(before, 0);
    source = source.slice(static_cast<std::int64_t>(axis), from, to);
  }
  Tensor y = empty_in_layout_of(x, shape, options_of(x));
  y.fill_(value);
  Tensor middle = y;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    middle = middle.slice(static_cast<std::int64_t>(axis), starts[axis],
                          starts[axis] + source.shape()[axis]);
  }
  middle.copy_(source);
  std::vector<std::int64_t> opposite;
  for (const std::int64_t amount : amounts) opposite.push_back(-amount);
  return record("pad", y, {x}, [opposite](const Tensor& g, const Inputs&) -> Gradients {
    return {pad(g, opposite)};
  });
}

Tensor pad(const Tensor& x, std::initializer_list<std::int64_t> amounts, Number value) {
  return pad(x, std::span(amounts.begin(), amounts.size()), value);
}

}  // namespace plastic

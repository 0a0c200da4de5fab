#include "plastic/core/ops/pad.h"

#include <algorithm>
#include <vector>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/tensor/layout.h"
#include "core/tensor/number.h"
#include "core/tensor/sizes.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops/flip.h"
#include "plastic/core/ops/join.h"

namespace plastic {
namespace {

std::string text_of(std::span<const std::int64_t> amounts) {
  std::string text;
  for (const std::int64_t amount : amounts) {
    text += (text.empty() ? "" : ", ") + std::to_string(amount);
  }
  return text;
}

void check_pairs(const Tensor& x, std::span<const std::int64_t> amounts) {
  check_defined("pad", x);
  if (amounts.size() % 2 != 0 || amounts.size() / 2 > x.shape().rank()) {
    fail("pad", "amounts (", text_of(amounts), ") must be pairs, at most one an axis of ",
         to_string(x.shape()));
  }
}

/// Copies of x's elements before and behind it along one axis.
Tensor surrounded(const Tensor& x, std::int64_t axis, std::int64_t before, std::int64_t after,
                  PadMode mode) {
  const std::int64_t size = x.size(axis);
  const bool is_reflected = mode == PadMode::reflect;
  if (std::max(before, after) > 0 && size < (is_reflected ? std::max(before, after) + 1 : 1)) {
    fail("pad", is_reflected ? "reflect" : "replicate", " cannot add ", before, " and ", after,
         " to axis ", axis, " of ", to_string(x.shape()), ", which is too short");
  }
  const auto repeated = [&](std::int64_t place, std::int64_t count) {
    Shape shape = x.shape();
    shape[static_cast<std::size_t>(axis)] = count;
    return x.slice(axis, place, place + 1).expand(shape);
  };
  std::vector<Tensor> parts;
  if (before > 0) {
    parts.push_back(is_reflected ? flip(x.slice(axis, 1, before + 1), {axis})
                                 : repeated(0, before));
  }
  parts.push_back(x);
  if (after > 0) {
    parts.push_back(is_reflected ? flip(x.slice(axis, size - 1 - after, size - 1), {axis})
                                 : repeated(size - 1, after));
  }
  return parts.size() == 1 ? x : concat(parts, axis);
}

}  // namespace

// What was put around has no gradient, and what was cut off has zeros: the gradient is padded by
// the opposite amounts.
Tensor pad(const Tensor& x, std::span<const std::int64_t> amounts, Number value) {
  check_pairs(x, amounts);
  check_number("pad", value, x.dtype());
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

Tensor pad(const Tensor& x, std::span<const std::int64_t> amounts, PadMode mode) {
  check_pairs(x, amounts);
  Tensor y = x;
  std::vector<std::int64_t> cuts;
  for (std::size_t i = 0; i < amounts.size(); i += 2) {
    const std::int64_t axis = x.rank() - 1 - static_cast<std::int64_t>(i / 2);
    y = surrounded(y, axis, amounts[i], amounts[i + 1], mode);
    for (const std::int64_t amount : {amounts[i], amounts[i + 1]}) {
      cuts.push_back(std::min<std::int64_t>(amount, 0));
    }
  }
  // A copy where nothing was put around, too.
  const bool is_cut = std::any_of(cuts.begin(), cuts.end(), [](std::int64_t c) { return c < 0; });
  return is_cut || y.impl() == x.impl() ? pad(y, cuts) : y;
}

Tensor pad(const Tensor& x, std::initializer_list<std::int64_t> amounts, PadMode mode) {
  return pad(x, std::span(amounts.begin(), amounts.size()), mode);
}

}  // namespace plastic

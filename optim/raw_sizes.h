#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "core/text.h"
#include "plastic/core/shape.h"

namespace plastic::optim {

/// What is wrong where parameter `index` of a RawOptimizer has another number of values than its
/// shape has elements; empty where they agree. C++ and C report it by different codes. Throws Error
/// for a shape whose elements cannot be counted.
inline std::string size_mismatch(std::size_t index, std::size_t values, const Shape& shape) {
  if (std::cmp_equal(values, shape.numel())) return {};
  return text_of("parameter ", index, " has ", values, " values and shape ", to_string(shape),
                 "; their sizes must agree");
}

}  // namespace plastic::optim

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// A tensor and the name under which it is saved.
struct NamedTensor {
  /// Such as "0.weight".
  std::string name;
  /// Shares memory with its owner unless the function that gave it says otherwise.
  Tensor tensor;
};

/// Tensors by name, in the owner's order. Numbers are stored as tensors of rank 0.
using StateDict = std::vector<NamedTensor>;

/// The tensor called `name`, found by linear search. Throws Error naming `owner` when there is
/// none.
const Tensor& find(const StateDict& state, std::string_view name, const char* owner);

}  // namespace plastic

#pragma GCC visibility pop

#pragma once

#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// (N, ...) -> (N, product of the rest).
class Flatten : public Module {
 public:
  Tensor forward(const Tensor& x) override;
};

}  // namespace plastic::nn

#pragma GCC visibility pop

#pragma once

#include "plastic/nn/module.h"

namespace plastic::nn {

/// max(x, 0), element by element.
class ReLU : public Module {
 public:
  Tensor forward(const Tensor& x) override;
};

}  // namespace plastic::nn

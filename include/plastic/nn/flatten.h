#pragma once

#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// (N, ...) -> (N, product of the rest).
class Flatten : public Module {
 public:
  Flatten();
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;
};

}  // namespace plastic::nn

#pragma GCC visibility pop

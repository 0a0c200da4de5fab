#pragma once

#include <cstdint>

#include "plastic/core/random.h"
#include "plastic/nn/dropout.h"
#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// What a Linear has beside its weights.
struct LinearOptions {
  /// Whether a number is added to each output.
  bool bias = true;
  /// Draws the initial values; default_generator() when null.
  Generator* generator = nullptr;
};

/// (..., in_features) -> (..., out_features): x · weightᵀ + bias. Parameters "weight" (out, in) and
/// "bias" (out), both initialised uniformly in ±1/√in, as in PyTorch.
class Linear : public Module {
 public:
  /// Throws Error for sizes below 1.
  Linear(std::int64_t in_features, std::int64_t out_features, const LinearOptions& options = {});
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;
  Tensor forward_activated(const Tensor& x, Activation activation) override;
  /// dropout.forward(relu(forward(x))), in one pass unless either is of a derived class.
  Tensor forward_relu_dropout(const Tensor& x, Dropout& dropout);

  /// (out_features, in_features)
  Tensor weight;
  /// (out_features); undefined without bias.
  Tensor bias;
};

}  // namespace plastic::nn

#pragma GCC visibility pop

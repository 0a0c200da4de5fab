#pragma once

#include "plastic/core/random.h"
#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// plastic::dropout in training mode, the identity in evaluation mode.
class Dropout : public Module {
 public:
  /// Draws from `generator`, or from default_generator() when null. Throws Error unless
  /// 0 <= p <= 1.
  explicit Dropout(double p = 0.5, Generator* generator = nullptr);
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;

  /// The current probability: p in training mode, else 0.
  double active_p() const { return is_training() ? p_ : 0; }
  /// What it draws from: its own, or default_generator().
  Generator& generator() const;

 private:
  double p_;
  Generator* generator_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop

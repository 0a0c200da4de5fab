#pragma once

#include "plastic/core/random.h"
#include "plastic/nn/module.h"

namespace plastic::nn {

/// plastic::dropout in training mode, nothing in evaluation mode.
class Dropout : public Module {
 public:
  /// Draws from `generator`, or from default_generator() when null. Throws Error unless
  /// 0 <= p <= 1.
  explicit Dropout(double p = 0.5, Generator* generator = nullptr);
  Tensor forward(const Tensor& x) override;

 private:
  double p_;
  Generator* generator_;
};

}  // namespace plastic::nn

#pragma once

#include <cstdint>

#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// @file
/// The functions of plastic/core/ops as modules, elementwise except Softmax. Results have the
/// input's shape.

/// max(x, 0)
class ReLU : public Module {
 public:
  ReLU();
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;
};

/// x where positive, else slope · x.
class LeakyReLU : public Module {
 public:
  /// Throws Error unless slope is finite.
  explicit LeakyReLU(double slope = 0.01);
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;

 private:
  double slope_;
};

/// x · Φ(x), exact: PyTorch's default.
class GELU : public Module {
 public:
  GELU();
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;
};

/// x · sigmoid(x)
class SiLU : public Module {
 public:
  SiLU();
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;
};

/// (eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)
class Tanh : public Module {
 public:
  Tanh();
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;
};

/// 1 / (1 + e⁻ˣ)
class Sigmoid : public Module {
 public:
  Sigmoid();
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;
};

/// log(1 + eˣ)
class Softplus : public Module {
 public:
  Softplus();
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;
};

/// eˣ / Σ eˣ along one axis.
class Softmax : public Module {
 public:
  /// Negative axes count from the end.
  explicit Softmax(std::int64_t axis = -1);
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;

 private:
  std::int64_t axis_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop

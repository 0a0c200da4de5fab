#include "plastic/nn/dropout.h"

#include "core/autograd/attempt.h"
#include "core/check.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/dropout.h"

namespace plastic::nn {

Dropout::Dropout(double p, Generator* generator)
    : ExactLayer(LayerKind::dropout), p_(p), generator_(generator) {
  if (!(p >= 0 && p <= 1)) fail("Dropout", "p must be in [0, 1], got ", p);
}

Generator& Dropout::generator() const {
  return generator_ != nullptr ? *generator_ : default_generator();
}

Tensor Dropout::forward(const Tensor& x) {
  if (active_p() == 0) return x;
  const LastingGenerator lasting(generator());
  return dropout(x, p_, generator());
}

OnnxValue Dropout::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::dropout, "Dropout");
  return x;
}

}  // namespace plastic::nn

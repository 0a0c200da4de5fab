#include "plastic/nn/containers.h"

#include <string>
#include <utility>

#include "core/check.h"
#include "core/ops/mixed_precision.h"
#include "nn/all_or_nothing.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic::nn {

Identity::Identity() : ExactLayer(LayerKind::identity) {}

Residual::Residual(ModulePtr inner) : ExactLayer(LayerKind::residual), inner_(std::move(inner)) {
  register_child("inner", inner_);
}

Tensor Residual::forward(const Tensor& x) {
  return all_or_nothing([&] {
    const Tensor y = inner_->forward(x);
    if (y.shape() != x.shape()) {
      fail("Residual", "the inner module turns ", to_string(x.shape()), " into ",
           to_string(y.shape()), "; it must keep the shape");
    }
    // In bf16 the inner module returns bf16, while x is f32 at the beginning of a network.
    return add(y.dtype() == DType::bf16 ? for_product(x) : x, y);
  });
}

OnnxValue Identity::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::identity, "Identity");
  return x;
}

OnnxValue Residual::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::residual, "Residual");
  const OnnxValue y = graph.call(*inner_, x);
  if (y.example.shape() != x.example.shape()) {
    graph.refuse(*this, "the inner module turns " + to_string(x.example.shape()) + " into " +
                            to_string(y.example.shape()) + "; it must keep the shape");
  }
  return added(graph, x, y);
}

ModuleList::ModuleList(std::initializer_list<ModulePtr> modules) {
  for (const ModulePtr& module : modules) append(module);
}

void ModuleList::append(ModulePtr module) {
  register_child(std::to_string(modules_.size()), module);
  modules_.push_back(std::move(module));
}

Module& ModuleList::operator[](std::size_t i) const {
  if (i >= modules_.size()) fail("ModuleList", "no module ", i, "; there are ", modules_.size());
  return *modules_[i];
}

Tensor ModuleList::forward(const Tensor&) {
  fail("ModuleList", "a list cannot be called; call its modules, or use Sequential");
}

}  // namespace plastic::nn

#include "plastic/nn/sequential.h"

#include "plastic/nn/activation.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/containers.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/dropout.h"
#include "plastic/nn/linear.h"

namespace plastic::nn {

Sequential::Sequential(std::initializer_list<ModulePtr> modules) {
  for (const ModulePtr& module : modules) append(module);
}

void Sequential::append(ModulePtr module) {
  register_child(std::to_string(modules_.size()), module);
  modules_.push_back(std::move(module));
}

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for (std::size_t i = 0; i < modules_.size();) y = run(i, y);
  return y;
}

Tensor Sequential::run(std::size_t& i, const Tensor& x) {
  Module& module = *modules_[i++];
  // Where normalisations were, a folded model has nothing.
  while (child<Identity>(i) != nullptr) ++i;
  if (child<ReLU>(i) == nullptr) return module.forward(x);
  ++i;
  auto* layer = dynamic_cast<Linear*>(&module);
  const auto* dropout = child<Dropout>(i);
  if (layer == nullptr || dropout == nullptr) {
    return module.forward_activated(x, Activation::relu);
  }
  ++i;
  return layer->forward_relu_dropout(x, *dropout);
}

template <class T>
const T* Sequential::child(std::size_t i) const {
  return i < modules_.size() ? dynamic_cast<const T*>(modules_[i].get()) : nullptr;
}

void Sequential::fold_batch_norm() {
  for (std::size_t i = 0; i + 1 < modules_.size(); ++i) {
    const auto conv = std::dynamic_pointer_cast<Conv2d>(modules_[i]);
    const auto norm = std::dynamic_pointer_cast<BatchNorm2d>(modules_[i + 1]);
    if (!conv || !norm) continue;
    conv->absorb(*norm);
    modules_[i + 1] = std::make_shared<Identity>();
    replace_child(std::to_string(i + 1), modules_[i + 1]);
  }
  Module::fold_batch_norm();
}

}  // namespace plastic::nn

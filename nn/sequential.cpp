#include "plastic/nn/sequential.h"

#include "plastic/nn/activation.h"
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
  for (std::size_t i = 0; i < modules_.size(); ++i) y = run(i, y);
  return y;
}

Tensor Sequential::run(std::size_t& i, const Tensor& x) {
  Module& module = *modules_[i];
  if (follower<ReLU>(i + 1) == nullptr) return module.forward(x);
  auto* layer = dynamic_cast<Linear*>(&module);
  const auto* dropout = follower<Dropout>(i + 2);
  if (layer != nullptr && dropout != nullptr) {
    i += 2;
    return layer->forward_relu_dropout(x, *dropout);
  }
  i += 1;
  return module.forward_activated(x, Activation::relu);
}

template <class T>
const T* Sequential::follower(std::size_t i) const {
  return i < modules_.size() ? dynamic_cast<const T*>(modules_[i].get()) : nullptr;
}

}  // namespace plastic::nn

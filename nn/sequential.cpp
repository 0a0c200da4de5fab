#include "plastic/nn/sequential.h"

#include "plastic/nn/activation.h"

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
  for (std::size_t i = 0; i < modules_.size(); ++i) {
    const bool relu_follows =
        i + 1 < modules_.size() && dynamic_cast<const ReLU*>(modules_[i + 1].get()) != nullptr;
    if (relu_follows) {
      y = modules_[i++]->forward_activated(y, Activation::relu);
    } else {
      y = modules_[i]->forward(y);
    }
  }
  return y;
}

}  // namespace plastic::nn

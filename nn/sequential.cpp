#include "plastic/nn/sequential.h"

#include "plastic/nn/activation.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/containers.h"
#include "plastic/nn/conv.h"

namespace plastic::nn {
namespace {

template <class Kind>
bool is(const ModulePtr& module) {
  return dynamic_cast<const Kind*>(module.get()) != nullptr;
}

}  // namespace

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
    // Where normalisations were, a folded model has nothing.
    std::size_t next = i + 1;
    while (next < modules_.size() && is<Identity>(modules_[next])) ++next;
    if (next < modules_.size() && is<ReLU>(modules_[next])) {
      y = modules_[i]->forward_activated(y, Activation::relu);
      i = next;
    } else {
      y = modules_[i]->forward(y);
    }
  }
  return y;
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

#pragma once

#include <cstddef>
#include <initializer_list>
#include <vector>

#include "plastic/nn/module.h"

namespace plastic::nn {

/// Applies its children one after the other, a ReLU together with the one before it where that can
/// be done in one pass. Children are named "0", "1", ...
class Sequential : public Module {
 public:
  Sequential() = default;
  Sequential(std::initializer_list<ModulePtr> modules);
  void append(ModulePtr module);
  std::size_t size() const { return modules_.size(); }
  Tensor forward(const Tensor& x) override;
  void fold_batch_norm() override;

 private:
  std::vector<ModulePtr> modules_;
};

}  // namespace plastic::nn

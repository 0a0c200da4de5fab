#pragma once

#include <cstddef>
#include <initializer_list>
#include <vector>

#include "plastic/nn/module.h"

namespace plastic::nn {

/// Applies its children one after the other; a ReLU together with the one before it where that can
/// be done in one pass, and likewise Linear, ReLU and Dropout. Children are named "0", "1", ...
class Sequential : public Module {
 public:
  Sequential() = default;
  Sequential(std::initializer_list<ModulePtr> modules);
  void append(ModulePtr module);
  std::size_t size() const { return modules_.size(); }
  Tensor forward(const Tensor& x) override;
  void fold_batch_norm() override;

 private:
  /// Child i of x, and the children after it that can be applied with it; moves i past them.
  Tensor run(std::size_t& i, const Tensor& x);
  /// Child i if it is there and a T, else null.
  template <class T>
  const T* child(std::size_t i) const;

  std::vector<ModulePtr> modules_;
};

}  // namespace plastic::nn

#pragma once

#include <cstddef>
#include <initializer_list>
#include <vector>

#include "plastic/nn/module.h"

namespace plastic::nn {

/// Applies its children one after the other; a ReLU together with the Linear, Conv2d or BatchNorm
/// before it in one pass, and likewise Linear, ReLU and Dropout. Of these classes alone: of those
/// derived from them forward() is called, as of all others. Children are named "0", "1", ...
class Sequential : public Module {
 public:
  Sequential();
  Sequential(std::initializer_list<ModulePtr> modules);
  void append(ModulePtr module);
  std::size_t size() const { return modules_.size(); }
  Tensor forward(const Tensor& x) override;
  void fold_batch_norm() override;

 private:
  /// How some neighbouring children are applied.
  enum class Pass { child, child_then_relu, activated_child, linear_relu_dropout };
  struct Stage {
    Pass pass = Pass::child;
    std::size_t first = 0;
    /// The dropout of linear_relu_dropout.
    std::size_t dropout = 0;
  };

  /// Adds the stages of the children from `from` on: decides which are applied together. Called
  /// whenever the children change.
  void plan(std::size_t from);
  Tensor apply(const Stage& stage, const Tensor& x);
  /// Whether child i is there and of this kind.
  bool is(std::size_t i, LayerKind kind) const;
  void fold_children();

  std::vector<ModulePtr> modules_;
  std::vector<Stage> stages_;
};

}  // namespace plastic::nn

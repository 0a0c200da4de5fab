#pragma once

#include <cstddef>
#include <initializer_list>
#include <vector>

#include "plastic/nn/module.h"

namespace plastic::nn {

/// Applies its children in order. A ReLU is computed in one pass with the Linear, Conv2d or
/// BatchNorm before it, and so is Linear, ReLU, Dropout. This holds for exactly these classes: for
/// those derived from them forward() is called, as for all others. Children are named "0", "1", ...
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
  /// Whether child i exists and is of this kind.
  bool is(std::size_t i, LayerKind kind) const;
  void fold_children();

  std::vector<ModulePtr> modules_;
  std::vector<Stage> stages_;
};

}  // namespace plastic::nn

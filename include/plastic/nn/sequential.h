#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <vector>

#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

class FoldedNorm;

/// Applies its children in order. A ReLU is computed in one pass with the Linear, Conv2d or
/// BatchNorm before it, and so are Linear, ReLU, Dropout and Conv2d, ReLU, MaxPool2d. In evaluation
/// mode on the CPU, where nothing is recorded, a BatchNorm is computed with the Conv2d or Linear
/// before it: its factors become part of the weights, as by fold_batch_norm(), and are kept while
/// no tensor that they come from changes, so results are the same up to rounding. All this holds
/// for exactly these classes: for those derived from them forward() is called, as for all others.
/// Children are named "0", "1" and so on, by their position, and keep the order in which they
/// were appended.
class Sequential : public Module {
 public:
  Sequential();
  /// append() of each.
  Sequential(std::initializer_list<ModulePtr> modules);
  /// Adds a child behind the others. Throws Error if it is null.
  void append(ModulePtr module);
  /// How many there are.
  std::size_t size() const { return modules_.size(); }
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;
  void fold_batch_norm() override;

 private:
  /// How some neighbouring children are applied.
  enum class Pass {
    child,
    child_then_relu,
    activated_child,
    conv_relu_max_pool,
    linear_relu_dropout,
    normalized,
    normalized_then_relu,
  };
  struct Stage {
    Pass pass = Pass::child;
    std::size_t first = 0;
    /// The dropout of linear_relu_dropout, the pool of conv_relu_max_pool, or the normalisation.
    std::size_t second = 0;
    /// Null without a normalisation.
    std::shared_ptr<FoldedNorm> folded = nullptr;
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

#pragma GCC visibility pop

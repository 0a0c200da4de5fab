#pragma once

#include <cstddef>
#include <initializer_list>
#include <vector>

#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// x
class Identity : public Module {
 public:
  Identity();
  Tensor forward(const Tensor& x) override { return x; }
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;
};

/// x + inner(x), as in ResNet (He et al., arXiv 1512.03385). The child is named "inner".
class Residual : public Module {
 public:
  /// Throws Error for a null `inner`.
  explicit Residual(ModulePtr inner);
  /// Throws Error naming both shapes when inner changes the shape.
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;

 private:
  ModulePtr inner_;
};

/// Children named "0", "1", ... for a module that calls them in its own way; the list itself cannot
/// be called.
class ModuleList : public Module {
 public:
  ModuleList() = default;
  /// append() of each.
  ModuleList(std::initializer_list<ModulePtr> modules);
  /// Adds a child behind the others. Throws Error if it is null.
  void append(ModulePtr module);
  /// How many there are.
  std::size_t size() const { return modules_.size(); }
  /// Throws Error when i is out of range.
  Module& operator[](std::size_t i) const;
  /// The children, in order.
  std::vector<ModulePtr>::const_iterator begin() const { return modules_.begin(); }
  /// Past the last.
  std::vector<ModulePtr>::const_iterator end() const { return modules_.end(); }
  /// Throws Error: only the owner knows the order of the calls.
  Tensor forward(const Tensor& x) override;

 private:
  std::vector<ModulePtr> modules_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop

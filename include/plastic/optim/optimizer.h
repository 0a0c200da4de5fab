#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "plastic/core/state_dict.h"
#include "plastic/core/tensor.h"

namespace plastic::optim {

class Arena;

/// What all optimizers share: parameter groups, gradients to zero, a state to save.
///
/// An optimizer moves its parameters and their gradients into one flat block of memory (the
/// tensors keep their identity), so that a step is one pass over contiguous memory. Parameters must
/// be contiguous f32 leaves on one device that require gradients; the constructors throw Error
/// otherwise, and for a parameter given twice or an empty list.
class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Updates every parameter that has a gradient; the others are left as they are.
  virtual void step() = 0;
  /// Clears the gradients: grad() of every parameter is undefined afterwards.
  void zero_grad();

  /// Tells schedules inside the rule where training stands, before the first step of each epoch.
  /// Epochs count from 1. Rules without a schedule ignore it.
  virtual void set_epoch(int epoch, int total_epochs);

  std::size_t group_count() const;
  virtual double lr(std::size_t group = 0) const = 0;
  virtual void set_lr(double lr, std::size_t group) = 0;
  /// Sets every group.
  void set_lr(double lr);

  /// Everything a later step depends on besides the parameters: "state.<i>.<name>" for the i-th
  /// parameter over all groups, PyTorch's names for SGD and Adam, "step", and "group.<g>.lr".
  virtual StateDict state_dict() const = 0;
  /// Copies a state in. Throws Error, changing nothing, when a name is missing or unknown or a
  /// shape differs.
  virtual void load_state_dict(const StateDict& state) = 0;

 protected:
  /// One inner list a group.
  explicit Optimizer(const std::vector<std::vector<Tensor>>& groups);
  Arena& arena() { return *arena_; }
  const Arena& arena() const { return *arena_; }

 private:
  std::unique_ptr<Arena> arena_;
};

}  // namespace plastic::optim

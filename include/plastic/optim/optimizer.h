#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "plastic/core/state_dict.h"
#include "plastic/core/tensor.h"

namespace plastic::optim {

class Arena;
class State;

/// What all optimizers share: parameter groups, gradients to zero, a state to save.
///
/// The parameters' memory stays as it is: whatever shares it sees every step. Their gradients are
/// kept in one flat block of memory from the moment the optimizer is made. Whoever still holds a
/// gradient when the next one is computed keeps its values: they move to memory of their own.
/// Parameters must be contiguous f32 leaves on one device; the constructors throw Error otherwise,
/// and for a parameter given twice or an empty list. A parameter that does not require a gradient
/// (that is frozen) is passed over until it does, whatever gradient was left in it: PyTorch would
/// still apply that one. A parameter without elements takes no steps, so that none are counted for
/// it, where PyTorch counts them.
class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Updates every parameter that requires a gradient and has one; the others, and their state, are
  /// left as they are. Throws Error, changing nothing, when a parameter changed its device, dtype
  /// or shape since it was given. It is advance() and then apply().
  void step();
  /// What the next apply() will do: sees which parameters have a gradient, counts the step,
  /// resolves rates and schedules and hands the rules to the device. Throws what step() throws.
  void advance();
  /// Does it, with what the gradients are by then. A device may record it and repeat it, with
  /// advance() before each repetition (docs/design.md). Throws Error before the first advance().
  void apply();
  /// apply() calls the hook before anything reads the gradients, with all of them as one flat f32
  /// tensor that it may write to: what a data-parallel run puts its all-reduce into. Each
  /// parameter's part is padded to 64 bytes; what is in the padding, and in the part of a parameter
  /// without a gradient, means nothing. When a device records apply(), the hook is called at that
  /// time only. An Error of the hook leaves the parameters as they are. An empty function takes the
  /// hook away.
  void set_gradient_hook(std::function<void(const Tensor& gradients)> hook);

  /// Clears the gradients: grad() of every parameter is undefined afterwards.
  void zero_grad();

  /// Tells schedules inside the rule where training stands, before the first step of each epoch.
  /// Epochs count from 1. Rules without a schedule ignore it. Throws Error for a negative epoch or
  /// total_epochs < 1.
  virtual void set_epoch(int epoch, int total_epochs);

  std::size_t group_count() const;
  /// Throws Error when there is no such group.
  double lr(std::size_t group = 0) const;
  /// Throws Error when there is no such group, or for a negative or infinite rate.
  void set_lr(double lr, std::size_t group);
  /// Sets every group.
  void set_lr(double lr);

  /// A copy of everything a later step depends on besides the parameters: "state.<i>.<name>" for
  /// the i-th parameter over all groups, with PyTorch's names for SGD (momentum_buffer) and Adam
  /// (exp_avg, exp_avg_sq), "state.<i>.step", its number of steps, and "group.<g>.lr".
  StateDict state_dict() const;
  /// Copies a state in. Throws Error, changing nothing, when a name is missing, unknown or there
  /// twice, or a shape differs.
  void load_state_dict(const StateDict& state);

 protected:
  /// One inner list and one learning rate a group. `name` is for messages.
  Optimizer(const char* name, const std::vector<std::vector<Tensor>>& groups,
            const std::vector<double>& lrs);
  Arena& arena() { return *arena_; }
  const Arena& arena() const { return *arena_; }
  State& state() { return *state_; }
  const State& state() const { return *state_; }

 private:
  /// Counts the step and prepares it on the device; the gradients are gathered.
  virtual void prepare() = 0;
  /// Runs the step last prepared.
  virtual void run() = 0;

  const char* name_;
  bool is_prepared_ = false;
  std::function<void(const Tensor&)> gradient_hook_;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<State> state_;
};

}  // namespace plastic::optim

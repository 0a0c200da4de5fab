#include "plastic/optim/optimizer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/check.h"
#include "optim/arena.h"
#include "optim/state.h"

namespace plastic::optim {
namespace {

void check_lr(const char* name, double lr) {
  if (!std::isfinite(lr) || lr < 0) {
    fail(name, "lr is ", lr, "; it must be a number of 0 or more");
  }
}

/// The steps of all parameters before one that may be refused, which is then not counted.
class StepCounts {
 public:
  explicit StepCounts(State& state) : state_(state) {
    const auto steps = std::as_const(state).steps();
    counts_.assign(steps.begin(), steps.end());
  }
  void restore() const { std::ranges::copy(counts_, state_.steps().begin()); }

 private:
  State& state_;
  std::vector<std::int64_t> counts_;
};

}  // namespace

Optimizer::Optimizer(const char* name, const std::vector<std::vector<Tensor>>& groups,
                     const std::vector<double>& lrs)
    : name_(name) {
  for (const double lr : lrs) check_lr(name, lr);
  arena_ = std::make_unique<Arena>(name, groups);
  state_ = std::make_unique<State>(*arena_, lrs);
}

Optimizer::~Optimizer() = default;

void Optimizer::step() {
  const StepCounts counts(*state_);
  advance();
  try {
    apply();
  } catch (...) {
    is_prepared_ = false;
    counts.restore();
    throw;
  }
}

void Optimizer::advance() {
  const StepCounts counts(*state_);
  arena_->gather(name_);
  arena_->place_gradients();
  try {
    prepare();
  } catch (...) {
    counts.restore();
    throw;
  }
  is_prepared_ = true;
}

void Optimizer::apply() {
  if (!is_prepared_) fail(name_, "apply() has nothing to do yet; call advance() before it");
  // What was written since to a gradient that was set from outside counts, too. A device that may
  // be recording reads what advance() found.
  if (arena_->device().type == DeviceType::cpu) arena_->place_gradients();
  if (gradient_hook_) {
    gradient_hook_(arena_->gradient_block());
    arena_->mark_gradients_changed();
  }
  run();
  arena_->mark_parameters_changed();
}

void Optimizer::set_gradient_hook(std::function<void(const Tensor& gradients)> hook) {
  gradient_hook_ = std::move(hook);
}

void Optimizer::zero_grad() {
  for (Tensor parameter : arena_->parameters()) parameter.zero_grad();
}

void Optimizer::set_epoch(int epoch, int total_epochs) {
  if (epoch < 0 || total_epochs < 1) {
    fail(name_, "set_epoch: epoch ", epoch, " of ", total_epochs, "; epochs count from 1");
  }
}

std::size_t Optimizer::group_count() const { return arena_->group_count(); }

double Optimizer::lr(std::size_t group) const {
  if (group >= group_count()) fail(name_, "no group ", group, "; there are ", group_count());
  return std::as_const(*state_).lrs()[group];
}

void Optimizer::set_lr(double lr, std::size_t group) {
  if (group >= group_count()) fail(name_, "no group ", group, "; there are ", group_count());
  check_lr(name_, lr);
  state_->lrs()[group] = lr;
}

void Optimizer::set_lr(double lr) {
  for (std::size_t group = 0; group < group_count(); ++group) set_lr(lr, group);
}

StateDict Optimizer::state_dict() const { return state_->save(); }

void Optimizer::load_state_dict(const StateDict& state) { state_->load(name_, state); }

}  // namespace plastic::optim

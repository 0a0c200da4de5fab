#include "plastic/optim/optimizer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/device/full_precision.h"
#include "core/threads/float_mode.h"
#include "optim/arena.h"
#include "optim/groups.h"
#include "optim/state.h"
#include "plastic/core/autograd.h"
#include "plastic/core/recycled.h"

namespace plastic::optim {
namespace {

void check_lr(const char* name, double lr) {
  if (!std::isfinite(lr) || lr < 0) {
    fail(name, "lr is ", lr, "; it must be a number of 0 or more");
  }
}

/// The steps of all parameters, and the numbers that a rule keeps, before a step that may be
/// refused, which is then not counted.
class StepCounts {
 public:
  explicit StepCounts(State& state) : state_(state) {
    const auto steps = std::as_const(state).steps();
    counts_.assign(steps.begin(), steps.end());
    for (const NamedTensor& number : state.numbers()) numbers_.push_back(number.tensor.clone());
  }
  void restore() const {
    std::ranges::copy(counts_, state_.steps().begin());
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
      Tensor number = state_.numbers()[i].tensor;
      number.copy_(numbers_[i]);
    }
  }

 private:
  State& state_;
  std::vector<std::int64_t, Recycled<std::int64_t>> counts_;
  std::vector<Tensor, Recycled<Tensor>> numbers_;
};

}  // namespace

Optimizer::Optimizer(std::string name, const std::vector<std::vector<Tensor>>& groups,
                     const std::vector<double>& lrs)
    : name_(std::move(name)) {
  if (lrs.size() != groups.size()) {
    fail(name_.c_str(), groups.size(), " groups and ", lrs.size(),
         " learning rates; give one for each");
  }
  for (const double lr : lrs) check_lr(name_.c_str(), lr);
  arena_ = std::make_shared<Arena>(name_.c_str(), groups);
  state_ = std::make_shared<State>(*arena_, lrs);
}

Optimizer::Optimizer(std::string name, const Optimizer& base)
    : name_(std::move(name)), arena_(base.arena_), state_(base.state_) {}

Optimizer::~Optimizer() = default;

void Optimizer::step() {
  const StepCounts counts(*state_);
  advance();
  try {
    // advance() placed the gradients a moment ago.
    run_prepared();
  } catch (...) {
    is_prepared_ = false;
    counts.restore();
    throw;
  }
}

void Optimizer::advance() {
  check_is_training();
  const StepCounts counts(*state_);
  arena_->gather(name_.c_str());
  arena_->place_gradients();
  try {
    begin_step();
    prepare();
  } catch (...) {
    counts.restore();
    throw;
  }
  is_prepared_ = true;
}

void Optimizer::apply() {
  if (!is_prepared_) fail(name_.c_str(), "apply() has nothing to do yet; call advance() before it");
  // What has since been written to a gradient that was set from outside counts, too. A device that
  // may be capturing reads what advance() found.
  if (arena_->device().type == DeviceType::cpu) arena_->place_gradients();
  run_prepared();
}

void Optimizer::run_prepared() {
  check_is_training();
  // Moments of what no longer has a gradient would decay into denormal numbers and stay there.
  const DefaultFlush flush;
  const FullPrecision f32;
  if (gradient_hook_) {
    gradient_hook_(arena_->gradient_block());
    arena_->mark_gradients_changed();
  }
  try {
    run();
  } catch (...) {
    // Some may have been stepped.
    arena_->mark_parameters_changed();
    throw;
  }
  arena_->mark_parameters_changed();
}

void Optimizer::check_is_training() const {
  if (!is_evaluating()) return;
  fail(name_.c_str(),
       "the parameters hold the weights to evaluate; call train() before the next step");
}

void Optimizer::train() {}

void Optimizer::eval() {}

bool Optimizer::is_evaluating() const { return false; }

int Optimizer::gradients_per_step() const { return 1; }

void Optimizer::perturb() {
  fail(name_.c_str(), "a step takes one gradient; call step() after backward(), or wrap the ",
       "optimizer in optim::Sam");
}

void Optimizer::set_gradient_hook(std::function<void(const Tensor& gradients)> hook) {
  gradient_hook_ = std::move(hook);
}

void Optimizer::zero_grad() {
  for (Tensor parameter : arena_->parameters()) parameter.zero_grad();
}

void Optimizer::set_epoch(int epoch, int total_epochs) {
  if (epoch < 0 || total_epochs < 1) {
    fail(name_.c_str(), "set_epoch: epoch ", epoch, " of ", total_epochs, "; epochs count from 1");
  }
}

bool Optimizer::is_capturable() const { return false; }

std::vector<Diagnostic> Optimizer::diagnostics() const { return {}; }

std::vector<Signal> Optimizer::signals() const { return {}; }

Inspection Optimizer::inspect(std::size_t parameter) const {
  check_has(parameter);
  return {};
}

std::size_t Optimizer::group_count() const { return arena_->group_count(); }

double Optimizer::lr(std::size_t group) const {
  if (group >= group_count())
    fail(name_.c_str(), "no group ", group, "; there are ", group_count());
  return std::as_const(*state_).lrs()[group];
}

void Optimizer::set_lr(double lr, std::size_t group) {
  if (group >= group_count())
    fail(name_.c_str(), "no group ", group, "; there are ", group_count());
  check_lr(name_.c_str(), lr);
  state_->lrs()[group] = lr;
}

void Optimizer::set_lr(double lr) {
  for (std::size_t group = 0; group < group_count(); ++group) set_lr(lr, group);
}

StateDict Optimizer::state_dict() const { return state_->save(); }

void Optimizer::load_state_dict(const StateDict& state) { state_->load(name_.c_str(), state); }

void Optimizer::add_state(const std::string& name) { state_->add_block(name_.c_str(), name); }

void Optimizer::add_state(const std::string& name, std::size_t parameter, const Shape& shape) {
  state_->add_tensor(name_.c_str(), name, parameter, shape);
}

Tensor Optimizer::state(std::string_view name, std::size_t parameter) const {
  check_has(parameter);
  Tensor found = state_->find(name, parameter);
  if (!found.defined()) {
    fail(name_.c_str(), "parameter ", parameter, " has no state \"", name,
         "\"; add_state() it in the constructor");
  }
  return found;
}

Tensor Optimizer::add_number(const std::string& name, DType dtype) {
  return state_->add_number(name_.c_str(), name, dtype);
}

std::size_t Optimizer::parameter_count() const { return arena_->parameters().size(); }

const Tensor& Optimizer::parameter(std::size_t index) const {
  check_has(index);
  return arena_->parameters()[index];
}

Tensor Optimizer::gradient(std::size_t index) const {
  check_has(index);
  return arena_->gradient(index);
}

bool Optimizer::was_updated(std::size_t index) const {
  check_has(index);
  return arena_->segments()[index].is_stepped;
}

void Optimizer::check_has(std::size_t parameter) const {
  if (parameter < parameter_count()) return;
  fail(name_.c_str(), "no parameter ", parameter, "; there are ", parameter_count());
}

void Optimizer::begin_step() {}

void Optimizer::update(const ParameterStep&) {
  fail(name_.c_str(), "has no rule; override update(), or derive from Elementwise");
}

void Optimizer::prepare() {
  upcoming_.clear();
  for_stepped(*arena_, *state_, [&](const ParameterStep& at) { upcoming_.push_back(at); });
}

void Optimizer::before_updates(std::span<const ParameterStep>) {}

void Optimizer::run() {
  const NoGrad no_grad;
  std::vector<ParameterStep, Recycled<ParameterStep>> steps(upcoming_.begin(), upcoming_.end());
  for (ParameterStep& at : steps) {
    at.parameter = arena_->parameters()[at.index].detach();
    at.gradient = arena_->gradient(at.index);
  }
  before_updates(steps);
  for (const ParameterStep& at : steps) update(at);
}

}  // namespace plastic::optim

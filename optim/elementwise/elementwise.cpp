#include "plastic/optim/elementwise.h"

#include <utility>

#include "core/check.h"
#include "optim/arena.h"
#include "optim/groups.h"
#include "optim/kernels.h"
#include "optim/state.h"
#include "plastic/core/recycled.h"

namespace plastic::optim {

ElementwiseOptimizer::ElementwiseOptimizer(std::string name,
                                           const std::vector<std::vector<Tensor>>& groups,
                                           const std::vector<double>& lrs, const RuleType& type,
                                           const std::vector<std::string>& states)
    : Optimizer(std::move(name), groups, lrs), type_(type) {
  if (std::ssize(states) != type.states) {
    fail(this->name().c_str(), "the rule has ", type.states, " state values, and ", states.size(),
         " names were given; name each of them");
  }
  stepper_ = kernels_for(arena().device()).elementwise(type);
  if (stepper_ == nullptr) {
    fail(this->name().c_str(), "there is no kernel for this rule on ", to_string(arena().device()),
         "; compile one with plastic/optim/cuda_rule.h, or move the parameters to the CPU");
  }
  for (const std::string& state : states)
    blocks_.push_back(saved().add_block(this->name().c_str(), state));
}

ElementwiseOptimizer::~ElementwiseOptimizer() = default;

void ElementwiseOptimizer::prepare() {
  const auto segments = arena().segments();
  std::vector<StepTensor, Recycled<StepTensor>> tensors;
  rules_.resize(segments.size() * type_.size);
  for_stepped(arena(), saved(), [&](const ParameterStep& at) {
    make_rule(at, rules_.data() + tensors.size() * type_.size);
    tensors.push_back(step_tensor(arena(), at.index));
  });
  RuleStep step{.tensors = tensors,
                .rules = std::span(rules_).first(tensors.size() * type_.size),
                .gradients = arena().gradients()};
  for (std::size_t i = 0; i < blocks_.size(); ++i) step.state[i] = elements_of(blocks_[i]);
  stepper_->prepare(step);
}

void ElementwiseOptimizer::run() { stepper_->run(); }

}  // namespace plastic::optim

#include "plastic/optim/adam.h"

#include <cmath>

#include "optim/arena.h"
#include "optim/check_option.h"
#include "optim/groups.h"
#include "optim/kernels.h"
#include "optim/state.h"

namespace plastic::optim {
namespace {

void check(const AdamOptions& options) {
  check_at_least("adam", "lr", options.lr, 0);
  check_share("adam", "beta1", options.beta1);
  check_share("adam", "beta2", options.beta2);
  check_above("adam", "eps", options.eps, 0);
  check_at_least("adam", "weight_decay", options.weight_decay, 0);
}

AdamRule rule_of(const AdamOptions& options, double lr, bool decoupled, std::int64_t step) {
  const auto t = static_cast<double>(step);
  AdamRule rule;
  rule.keep = static_cast<float>(options.beta1);
  rule.take = static_cast<float>(1 - options.beta1);
  rule.square_keep = static_cast<float>(options.beta2);
  rule.square_take = static_cast<float>(1 - options.beta2);
  rule.rate = static_cast<float>(lr / (1 - std::pow(options.beta1, t)));
  rule.root_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(options.beta2, t)));
  rule.eps = static_cast<float>(options.eps);
  if (decoupled) {
    rule.shrink = static_cast<float>(1 - lr * options.weight_decay);
  } else {
    rule.decay = static_cast<float>(options.weight_decay);
  }
  return rule;
}

/// AdamW's options as Adam's, which differ in what weight_decay does.
std::vector<AdamGroup> common(const std::vector<AdamWGroup>& groups) {
  std::vector<AdamGroup> result;
  for (const auto& [parameters, options] : groups) {
    result.push_back({parameters,
                      {.lr = options.lr,
                       .beta1 = options.beta1,
                       .beta2 = options.beta2,
                       .eps = options.eps,
                       .weight_decay = options.weight_decay}});
  }
  return result;
}

}  // namespace

Adam::Adam(const char* name, bool decoupled, const std::vector<AdamGroup>& groups)
    : Optimizer(name, checked_parameters(groups, check), lrs_of(groups)),
      decoupled_(decoupled),
      options_(options_of(groups)),
      average_(state().add_block("exp_avg")),
      square_(state().add_block("exp_avg_sq")),
      stepper_(kernels_for(arena().device()).adam()) {}

Adam::Adam(const std::vector<Tensor>& parameters, const AdamOptions& options)
    : Adam(std::vector<AdamGroup>{{parameters, options}}) {}

Adam::Adam(const std::vector<AdamGroup>& groups) : Adam("adam", false, groups) {}

AdamW::AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options)
    : AdamW(std::vector<AdamWGroup>{{parameters, options}}) {}

AdamW::AdamW(const std::vector<AdamWGroup>& groups) : Adam("adamw", true, common(groups)) {}

Adam::~Adam() = default;

void Adam::prepare() {
  const auto steps = state().steps();
  const auto lrs = state().lrs();
  const auto work = works(arena(), [&](std::size_t i, const Segment& segment) {
    return rule_of(options_[segment.group], lrs[segment.group], decoupled_, ++steps[i]);
  });
  stepper_->prepare({.tensors = work,
                     .gradients = arena().gradients(),
                     .average = elements_of(average_),
                     .square = elements_of(square_)});
}

void Adam::run() { stepper_->run(); }

}  // namespace plastic::optim

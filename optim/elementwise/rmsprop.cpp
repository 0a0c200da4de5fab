#include "plastic/optim/rmsprop.h"

#include <algorithm>

#include "optim/check_option.h"
#include "optim/groups.h"

namespace plastic::optim {
namespace {

void check(const RmsPropOptions& options) {
  check_at_least("rmsprop", "lr", options.lr, 0);
  check_share("rmsprop", "alpha", options.alpha);
  check_at_least("rmsprop", "eps", options.eps, 0);
  check_at_least("rmsprop", "weight_decay", options.weight_decay, 0);
  check_at_least("rmsprop", "momentum", options.momentum, 0);
}

bool any_is_full(const std::vector<RmsPropGroup>& groups) {
  return std::any_of(groups.begin(), groups.end(), [](const RmsPropGroup& group) {
    return group.options.momentum != 0 || group.options.centered;
  });
}

/// What the two rules have in common.
template <class Rule>
Rule rule_of(const RmsPropOptions& options, double lr) {
  Rule rule;
  rule.lr = static_cast<float>(lr);
  rule.weight_decay = static_cast<float>(options.weight_decay);
  rule.alpha = static_cast<float>(options.alpha);
  rule.one_minus_alpha = static_cast<float>(1 - options.alpha);
  rule.eps = static_cast<float>(options.eps);
  return rule;
}

}  // namespace

RmsProp::RmsProp(const std::vector<Tensor>& parameters, const RmsPropOptions& options)
    : RmsProp(std::vector<RmsPropGroup>{{parameters, options}}) {}

RmsProp::RmsProp(const std::vector<RmsPropGroup>& groups)
    : ElementwiseOptimizer(
          "rmsprop", checked_parameters(groups, check), lrs_of(groups),
          any_is_full(groups) ? rule_type<FullRmsPropRule>() : rule_type<RmsPropRule>(),
          any_is_full(groups)
              ? std::vector<std::string>{"square_avg", "momentum_buffer", "grad_avg"}
              : std::vector<std::string>{"square_avg"}),
      options_(options_of(groups)),
      is_full_(any_is_full(groups)) {}

void RmsProp::make_rule(const ParameterStep& at, void* rule) const {
  const RmsPropOptions& options = options_[at.group];
  if (!is_full_) {
    new (rule) RmsPropRule(rule_of<RmsPropRule>(options, at.lr));
    return;
  }
  auto full = rule_of<FullRmsPropRule>(options, at.lr);
  full.momentum = static_cast<float>(options.momentum);
  full.mean_share = options.centered ? full.one_minus_alpha : 0;
  new (rule) FullRmsPropRule(full);
}

}  // namespace plastic::optim

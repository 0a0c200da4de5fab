#include "plastic/optim/sgd.h"

#include <algorithm>

#include "optim/check_option.h"
#include "optim/groups.h"

namespace plastic::optim {
namespace {

void check(const SgdOptions& options) {
  check_at_least("sgd", "lr", options.lr, 0);
  check_at_least("sgd", "momentum", options.momentum, 0);
  check_at_least("sgd", "dampening", options.dampening, 0);
  check_at_least("sgd", "weight_decay", options.weight_decay, 0);
  if (options.nesterov && (options.momentum == 0 || options.dampening != 0)) {
    fail("sgd", "nesterov needs momentum above 0 and dampening 0, got momentum ", options.momentum,
         " and dampening ", options.dampening);
  }
}

bool any_has_momentum(const std::vector<SgdGroup>& groups) {
  return std::any_of(groups.begin(), groups.end(),
                     [](const SgdGroup& group) { return group.options.momentum != 0; });
}

MomentumRule momentum_rule(const SgdOptions& options, const ParameterStep& at) {
  const auto momentum = static_cast<float>(options.momentum);
  MomentumRule rule{.lr = static_cast<float>(at.lr),
                    .weight_decay = static_cast<float>(options.weight_decay)};
  if (momentum == 0) {
    rule.kept = 1;
    rule.taken = 0;
    rule.gradient_share = 1;
    rule.buffer_share = 0;
    return rule;
  }
  if (at.step > 1) {
    rule.kept = momentum;
    rule.taken = static_cast<float>(1 - options.dampening);
  }
  if (options.nesterov) {
    rule.gradient_share = 1;
    rule.buffer_share = momentum;
  }
  return rule;
}

}  // namespace

Sgd::Sgd(const std::vector<Tensor>& parameters, const SgdOptions& options)
    : Sgd(std::vector<SgdGroup>{{parameters, options}}) {}

Sgd::Sgd(const std::vector<SgdGroup>& groups)
    : ElementwiseOptimizer(
          "sgd", checked_parameters(groups, check), lrs_of(groups),
          any_has_momentum(groups) ? rule_type<MomentumRule>() : rule_type<SgdRule>(),
          any_has_momentum(groups) ? std::vector<std::string>{"momentum_buffer"}
                                   : std::vector<std::string>{}),
      options_(options_of(groups)),
      has_momentum_(any_has_momentum(groups)) {}

void Sgd::make_rule(const ParameterStep& at, void* rule) const {
  const SgdOptions& options = options_[at.group];
  if (has_momentum_) {
    new (rule) MomentumRule(momentum_rule(options, at));
  } else {
    new (rule) SgdRule{.lr = static_cast<float>(at.lr),
                       .weight_decay = static_cast<float>(options.weight_decay)};
  }
}

}  // namespace plastic::optim

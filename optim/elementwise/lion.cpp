#include "plastic/optim/lion.h"

#include "optim/check_option.h"
#include "optim/groups.h"

namespace plastic::optim {
namespace {

void check(const LionOptions& options) {
  check_at_least("lion", "lr", options.lr, 0);
  check_share("lion", "beta1", options.beta1);
  check_share("lion", "beta2", options.beta2);
  check_at_least("lion", "weight_decay", options.weight_decay, 0);
}

}  // namespace

Lion::Lion(const std::vector<Tensor>& parameters, const LionOptions& options)
    : Lion(std::vector<LionGroup>{{parameters, options}}) {}

Lion::Lion(const std::vector<LionGroup>& groups)
    : Elementwise("lion", checked_parameters(groups, check), lrs_of(groups), {"exp_avg"}),
      options_(options_of(groups)) {}

LionRule Lion::rule(const ParameterStep& at) const {
  const LionOptions& options = options_[at.group];
  return {.lr = static_cast<float>(at.lr),
          .shrink = static_cast<float>(1 - at.lr * options.weight_decay),
          .beta1 = static_cast<float>(options.beta1),
          .one_minus_beta1 = static_cast<float>(1 - options.beta1),
          .beta2 = static_cast<float>(options.beta2),
          .one_minus_beta2 = static_cast<float>(1 - options.beta2)};
}

}  // namespace plastic::optim

#include "plastic/optim/radam.h"

#include <cmath>

#include "optim/check_option.h"
#include "optim/groups.h"

namespace plastic::optim {
namespace {

void check(const RAdamOptions& options) {
  check_at_least("radam", "lr", options.lr, 0);
  check_share("radam", "beta1", options.beta1);
  check_share("radam", "beta2", options.beta2);
  check_above("radam", "eps", options.eps, 0);
  check_at_least("radam", "weight_decay", options.weight_decay, 0);
}

}  // namespace

RAdam::RAdam(const std::vector<Tensor>& parameters, const RAdamOptions& options)
    : RAdam(std::vector<RAdamGroup>{{parameters, options}}) {}

RAdam::RAdam(const std::vector<RAdamGroup>& groups)
    : Elementwise("radam", checked_parameters(groups, check), lrs_of(groups),
                  {"exp_avg", "exp_avg_sq"}),
      options_(options_of(groups)) {}

RAdamRule RAdam::rule(const ParameterStep& at) const {
  const RAdamOptions& options = options_[at.group];
  const auto t = static_cast<double>(at.step);
  const double power = std::pow(options.beta2, t);
  const double longest = 2 / (1 - options.beta2) - 1;
  const double length = longest - 2 * t * power / (1 - power);
  RAdamRule rule;
  rule.beta1 = static_cast<float>(options.beta1);
  rule.one_minus_beta1 = static_cast<float>(1 - options.beta1);
  rule.beta2 = static_cast<float>(options.beta2);
  rule.one_minus_beta2 = static_cast<float>(1 - options.beta2);
  rule.eps = static_cast<float>(options.eps);
  rule.is_rectified = length > 5;
  double size = at.lr / (1 - std::pow(options.beta1, t));
  if (rule.is_rectified) {
    size *= std::sqrt((length - 4) * (length - 2) * longest /
                      ((longest - 4) * (longest - 2) * length) * (1 - power));
  }
  rule.step_size = static_cast<float>(size);
  if (options.decoupled_weight_decay) {
    rule.shrink = static_cast<float>(1 - at.lr * options.weight_decay);
  } else {
    rule.weight_decay = static_cast<float>(options.weight_decay);
  }
  return rule;
}

}  // namespace plastic::optim

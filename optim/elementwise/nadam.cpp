#include "plastic/optim/nadam.h"

#include <cmath>
#include <cstdint>

#include "optim/check_option.h"
#include "optim/groups.h"

namespace plastic::optim {
namespace {

void check(const NAdamOptions& options) {
  check_at_least("nadam", "lr", options.lr, 0);
  check_share("nadam", "beta1", options.beta1);
  check_share("nadam", "beta2", options.beta2);
  check_above("nadam", "eps", options.eps, 0);
  check_at_least("nadam", "weight_decay", options.weight_decay, 0);
  check_at_least("nadam", "momentum_decay", options.momentum_decay, 0);
}

/// μₜ.
double momentum_at(const NAdamOptions& options, std::int64_t t) {
  return options.beta1 *
         (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * options.momentum_decay));
}

/// A product this small no longer changes 1 - product.
constexpr double negligible = 0x1p-60;

/// μ₁·…·μₜ. `products` holds those of the first steps and grows by those that are missing, until
/// they are negligible.
double product_at(const NAdamOptions& options, std::int64_t t, std::vector<double>& products) {
  while (std::ssize(products) < t && (products.empty() || products.back() > negligible)) {
    const double last = products.empty() ? 1 : products.back();
    products.push_back(last * momentum_at(options, std::ssize(products) + 1));
  }
  return t <= std::ssize(products) ? products[static_cast<std::size_t>(t - 1)] : 0;
}

}  // namespace

NAdam::NAdam(const std::vector<Tensor>& parameters, const NAdamOptions& options)
    : NAdam(std::vector<NAdamGroup>{{parameters, options}}) {}

NAdam::NAdam(const std::vector<NAdamGroup>& groups)
    : Elementwise("nadam", checked_parameters(groups, check), lrs_of(groups),
                  {"exp_avg", "exp_avg_sq"}),
      options_(options_of(groups)),
      products_(groups.size()) {
  // With the usual betas, products are negligible after fewer steps than this, so that later steps
  // do not allocate.
  for (std::vector<double>& products : products_) products.reserve(512);
}

NAdamRule NAdam::rule(const ParameterStep& at) const {
  const NAdamOptions& options = options_[at.group];
  const double next = product_at(options, at.step + 1, products_[at.group]);
  const double product = product_at(options, at.step, products_[at.group]);
  const auto t = static_cast<double>(at.step);
  NAdamRule rule;
  rule.beta1 = static_cast<float>(options.beta1);
  rule.one_minus_beta1 = static_cast<float>(1 - options.beta1);
  rule.beta2 = static_cast<float>(options.beta2);
  rule.one_minus_beta2 = static_cast<float>(1 - options.beta2);
  rule.gradient_size =
      static_cast<float>(at.lr * (1 - momentum_at(options, at.step)) / (1 - product));
  rule.average_size = static_cast<float>(at.lr * momentum_at(options, at.step + 1) / (1 - next));
  rule.root_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(options.beta2, t)));
  rule.eps = static_cast<float>(options.eps);
  if (options.decoupled_weight_decay) {
    rule.shrink = static_cast<float>(1 - at.lr * options.weight_decay);
  } else {
    rule.weight_decay = static_cast<float>(options.weight_decay);
  }
  return rule;
}

}  // namespace plastic::optim

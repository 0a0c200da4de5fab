#include "plastic/optim/lamb.h"

#include <algorithm>
#include <limits>

#include "core/check.h"
#include "optim/check_option.h"
#include "optim/groups.h"
#include "optim/matrix/adam_direction.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/reduce.h"

namespace plastic::optim {
namespace {

void check(const LambOptions& options) {
  check_at_least("lamb", "lr", options.lr, 0);
  check_share("lamb", "beta1", options.beta1);
  check_share("lamb", "beta2", options.beta2);
  check_at_least("lamb", "eps", options.eps, 0);
  check_at_least("lamb", "weight_decay", options.weight_decay, 0);
  check_at_least("lamb", "min_norm", options.min_norm, 0);
  if (!(options.max_norm >= options.min_norm)) {
    fail("lamb", "max_norm is ", options.max_norm, " and min_norm is ", options.min_norm,
         "; max_norm must not be below min_norm");
  }
}

/// r, of rank 0. It stays on the device: reading it would wait for every parameter.
Tensor trust_ratio(const Tensor& parameter, const Tensor& update, const LambOptions& options) {
  constexpr double largest = std::numeric_limits<float>::max();
  const Tensor size = clamp(norm(parameter), std::min(options.min_norm, largest),
                            std::min(options.max_norm, largest));
  const Tensor length = norm(update);
  const Tensor one = Tensor::ones({}, {.device = parameter.device()});
  return where(size > 0, where(length > 0, size / length, one), one);
}

}  // namespace

Lamb::Lamb(const std::vector<Tensor>& parameters, const LambOptions& options)
    : Lamb(std::vector<LambGroup>{{parameters, options}}) {}

Lamb::Lamb(const std::vector<LambGroup>& groups)
    : Optimizer("lamb", checked_parameters(groups, check), lrs_of(groups)),
      options_(options_of(groups)) {
  add_state("exp_avg");
  add_state("exp_avg_sq");
}

void Lamb::update(const ParameterStep& at) {
  const LambOptions& options = options_[at.group];
  AdamMoments moments{.exp_avg = state("exp_avg", at.index),
                      .exp_avg_sq = state("exp_avg_sq", at.index),
                      .beta1 = options.beta1,
                      .beta2 = options.beta2};
  moments.add(at.gradient);
  Tensor update = moments.direction(options.eps, options.bias_correction ? at.step : 0);
  Tensor parameter = at.parameter;
  if (parameter.rank() < 2 && !options.adapt_vectors) {
    parameter.sub_(update, at.lr);
    return;
  }
  if (options.weight_decay != 0) update.add_(parameter, options.weight_decay);
  parameter.addcmul_(update, trust_ratio(parameter, update, options), -at.lr);
}

}  // namespace plastic::optim

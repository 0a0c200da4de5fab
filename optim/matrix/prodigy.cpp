#include "plastic/optim/prodigy.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/check.h"
#include "optim/check_option.h"
#include "optim/groups.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"

namespace plastic::optim {
namespace {

void check(const ProdigyOptions& options) {
  check_at_least("prodigy", "lr", options.lr, 0);
  check_share("prodigy", "beta1", options.beta1);
  check_share("prodigy", "beta2", options.beta2);
  if (options.beta3) check_share("prodigy", "beta3", *options.beta3);
  check_above("prodigy", "eps", options.eps, 0);
  check_at_least("prodigy", "weight_decay", options.weight_decay, 0);
  check_above("prodigy", "d0", options.d0, 0);
  check_above("prodigy", "d_coef", options.d_coef, 0);
  if (!(options.growth_rate > 1)) {
    fail("prodigy", "growth_rate is ", options.growth_rate, "; it must be above 1");
  }
  if (options.slice_p < 1) {
    fail("prodigy", "slice_p is ", options.slice_p, "; it must be 1 or more");
  }
}

void check_shared(const std::vector<ProdigyGroup>& groups) {
  const auto shared = [](const ProdigyOptions& o) {
    return std::tuple(o.beta1, o.beta2, o.beta3, o.decouple, o.use_bias_correction,
                      o.safeguard_warmup, o.d0, o.d_coef, o.growth_rate);
  };
  for (const ProdigyGroup& group : groups) {
    if (shared(group.options) != shared(groups.front().options)) {
      fail("prodigy", "groups share one estimate of d; they may differ in lr (0), eps, ",
           "weight_decay and slice_p only");
    }
  }
}

std::vector<std::vector<Tensor>> parameters_of(const std::vector<ProdigyGroup>& groups) {
  auto parameters = checked_parameters(groups, check);
  check_shared(groups);
  return parameters;
}

/// The rate of all parameters but those at rest, whose rate is 0.
double common_lr(std::span<const ParameterStep> parameters) {
  double common = 0;
  for (const ParameterStep& at : parameters) {
    if (at.lr == 0) continue;
    if (common != 0 && at.lr != common) {
      fail("prodigy", "the rates of groups are ", common, " and ", at.lr,
           "; groups share one estimate of d, so their rates must be equal, or 0");
    }
    common = at.lr;
  }
  return common;
}

double& value(Tensor& number) { return *number.mutable_data<double>(); }

}  // namespace

Prodigy::Prodigy(const std::vector<Tensor>& parameters, const ProdigyOptions& options)
    : Prodigy(std::vector<ProdigyGroup>{{parameters, options}}) {}

Prodigy::Prodigy(const std::vector<ProdigyGroup>& groups)
    : Optimizer("prodigy", parameters_of(groups), lrs_of(groups)),
      options_(options_of(groups)),
      d_(add_number("d", DType::f64)),
      d_max_(add_number("d_max", DType::f64)),
      d_numerator_(add_number("d_numerator", DType::f64)),
      k_(add_number("k")) {
  value(d_) = value(d_max_) = options_.front().d0;
  add_state("exp_avg");
  add_state("exp_avg_sq");
  std::size_t index = 0;
  for (const ProdigyGroup& group : groups) {
    for (const Tensor& own : group.parameters) {
      const std::int64_t step = group.options.slice_p;
      const Shape seen{(own.numel() + step - 1) / step};
      add_state("s", index, seen);
      add_state("p0", index, seen);
      ++index;
    }
  }
}

double Prodigy::d() const { return d_.item(); }

Tensor Prodigy::sliced(const Tensor& tensor, std::size_t group) const {
  return tensor.flatten().slice(0, 0, tensor.numel(), options_[group].slice_p);
}

Tensor Prodigy::decayed_gradient(const ParameterStep& at) const {
  const ProdigyOptions& options = options_[at.group];
  if (options.decouple || options.weight_decay == 0) return at.gradient;
  return at.gradient.clone().add_(at.parameter, options.weight_decay);
}

void Prodigy::before_updates(std::span<const ParameterStep> parameters) {
  const ProdigyOptions& shared = options_.front();
  const double d = value(d_);
  const double beta3 = shared.beta3.value_or(std::sqrt(shared.beta2));
  const auto k = static_cast<double>(k_.item<std::int64_t>() + 1);
  double rate = d * common_lr(parameters);
  if (shared.use_bias_correction) {
    rate *= std::sqrt(1 - std::pow(shared.beta2, k)) / (1 - std::pow(shared.beta1, k));
  }
  rate_ = 0;
  if (parameters.empty()) return;

  // Summed on the device, in f64, and read once.
  const TensorOptions wide{.dtype = DType::f64, .device = parameters.front().parameter.device()};
  Tensor products = Tensor::zeros({}, wide);
  Tensor sizes = Tensor::zeros({}, wide);
  for (const ParameterStep& at : parameters) {
    Tensor p0 = state("p0", at.index);
    if (at.step == 1) p0.copy_(sliced(at.parameter, at.group));
    if (at.lr == 0) continue;
    Tensor s = state("s", at.index);
    Tensor exp_avg = state("exp_avg", at.index);
    Tensor exp_avg_sq = state("exp_avg_sq", at.index);
    const Tensor gradient = decayed_gradient(at);
    const Tensor seen = sliced(gradient, at.group);
    products.add_(sum(seen * (p0 - sliced(at.parameter, at.group))).to(DType::f64));
    exp_avg.mul_(shared.beta1).add_(gradient, d * (1 - shared.beta1));
    exp_avg_sq.mul_(shared.beta2).addcmul_(gradient, gradient, d * d * (1 - shared.beta2));
    s.mul_(beta3).add_(seen, d / shared.d0 * (shared.safeguard_warmup ? d : rate));
    sizes.add_(sum(abs(s)).to(DType::f64));
  }
  const double size = sizes.item();
  if (size == 0) return;
  const double numerator = beta3 * value(d_numerator_) + d / shared.d0 * rate * products.item();
  const double estimate = shared.d_coef * numerator / size;
  const double first = d == shared.d0 ? std::max(d, estimate) : d;
  value(d_numerator_) = numerator;
  value(d_max_) = std::max(value(d_max_), estimate);
  value(d_) = std::min(value(d_max_), first * shared.growth_rate);
  *k_.mutable_data<std::int64_t>() += 1;
  rate_ = rate;
}

void Prodigy::update(const ParameterStep& at) {
  const ProdigyOptions& options = options_[at.group];
  if (rate_ == 0 || at.lr == 0) return;
  const Tensor denominator = sqrt(state("exp_avg_sq", at.index)).add_(value(d_) * options.eps);
  Tensor parameter = at.parameter;
  if (options.decouple && options.weight_decay != 0) {
    // Not multiplied by 1 - x, which f32 would round: x may be less than it resolves near 1.
    parameter.sub_(parameter, rate_ * options.weight_decay);
  }
  parameter.addcdiv_(state("exp_avg", at.index), denominator, -rate_);
}

}  // namespace plastic::optim

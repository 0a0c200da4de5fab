#include "plastic/optim/adam.h"

#include <cmath>

#include "core/threads/parallel.h"
#include "optim/arena.h"
#include "optim/check_option.h"
#include "optim/groups.h"
#include "optim/state.h"
#include "plastic/core/device.h"

namespace plastic::optim {
namespace {

void check(const AdamOptions& options) {
  check_at_least("adam", "lr", options.lr, 0);
  check_share("adam", "beta1", options.beta1);
  check_share("adam", "beta2", options.beta2);
  check_above("adam", "eps", options.eps, 0);
  check_at_least("adam", "weight_decay", options.weight_decay, 0);
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
    : Elementwise(name, checked_parameters(groups, check), lrs_of(groups),
                  {"exp_avg", "exp_avg_sq"}),
      decoupled_(decoupled),
      options_(options_of(groups)) {}

Adam::Adam(const std::vector<Tensor>& parameters, const AdamOptions& options)
    : Adam(std::vector<AdamGroup>{{parameters, options}}) {}

Adam::Adam(const std::vector<AdamGroup>& groups) : Adam("adam", false, groups) {}

AdamW::AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options)
    : AdamW(std::vector<AdamWGroup>{{parameters, options}}) {}

AdamW::AdamW(const std::vector<AdamWGroup>& groups) : Adam("adamw", true, common(groups)) {}

std::vector<Signal> Adam::signals() const { return {{.name = "direction", .low = -2, .high = 2}}; }

Inspection Adam::inspect(std::size_t parameter) const {
  if (!was_updated(parameter)) return {};
  ParameterStep at;
  at.index = parameter;
  at.group = arena().segments()[parameter].group;
  at.step = saved().steps()[parameter];
  // The rule's move is then the direction itself.
  at.lr = 1;
  const AdamRule unit = rule(at);
  const Tensor exp_avg = state("exp_avg", parameter).to(Device());
  const Tensor exp_avg_sq = state("exp_avg_sq", parameter).to(Device());
  Tensor direction = Tensor::empty(exp_avg.shape());
  const float* const m = exp_avg.data<float>();
  const float* const v = exp_avg_sq.data<float>();
  float* const out = direction.mutable_data<float>();
  parallel_for(0, direction.numel(), reduction_chunk, [=](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) out[i] = unit.move(m[i], v[i]);
  });
  return {.signals = {direction}};
}

AdamRule Adam::rule(const ParameterStep& at) const {
  const AdamOptions& options = options_[at.group];
  const auto t = static_cast<double>(at.step);
  AdamRule rule;
  rule.beta1 = static_cast<float>(options.beta1);
  rule.one_minus_beta1 = static_cast<float>(1 - options.beta1);
  rule.beta2 = static_cast<float>(options.beta2);
  rule.one_minus_beta2 = static_cast<float>(1 - options.beta2);
  rule.step_size = static_cast<float>(at.lr / (1 - std::pow(options.beta1, t)));
  rule.root_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(options.beta2, t)));
  rule.eps = static_cast<float>(options.eps);
  if (decoupled_) {
    rule.shrink = static_cast<float>(1 - at.lr * options.weight_decay);
  } else {
    rule.weight_decay = static_cast<float>(options.weight_decay);
  }
  return rule;
}

}  // namespace plastic::optim

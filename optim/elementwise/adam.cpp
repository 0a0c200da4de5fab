#include "plastic/optim/adam.h"

#include <cmath>
#include <cstdint>
#include <memory>
#include <typeinfo>
#include <utility>

#include "optim/arena.h"
#include "optim/check_option.h"
#include "optim/groups.h"
#include "optim/probe/signal_pieces.h"
#include "optim/state.h"
#include "plastic/core/device.h"

namespace plastic::optim {
namespace {

class Directions : public SignalPieces {
 public:
  Directions(const AdamRule& unit, Tensor exp_avg, Tensor exp_avg_sq)
      : unit_(unit), exp_avg_(std::move(exp_avg)), exp_avg_sq_(std::move(exp_avg_sq)) {}

  void write(std::int64_t first, std::int64_t count, float* const* signals) override {
    const AdamRule unit = unit_;
    const float* const m = exp_avg_.data<float>() + first;
    const float* const v = exp_avg_sq_.data<float>() + first;
    float* const __restrict out = signals[0];
    for (std::int64_t i = 0; i < count; ++i) out[i] = unit.move(m[i], v[i]);
  }

 private:
  AdamRule unit_;
  Tensor exp_avg_, exp_avg_sq_;
};

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
  auto pieces = std::make_unique<Directions>(rule(at), state("exp_avg", parameter).to(Device()),
                                             state("exp_avg_sq", parameter).to(Device()));
  const bool is_derived = typeid(*this) != typeid(Adam) && typeid(*this) != typeid(AdamW);
  return inspection(std::move(pieces), 1, arena().parameters()[parameter].shape(), is_derived);
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

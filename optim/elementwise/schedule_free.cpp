#include "plastic/optim/schedule_free.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/threads/float_mode.h"
#include "optim/check_option.h"
#include "optim/groups.h"
#include "plastic/core/autograd.h"

namespace plastic::optim {
namespace {

constexpr const char* sgd_name = "schedule_free_sgd";
constexpr const char* adamw_name = "schedule_free_adamw";

/// What both have; `share` is the name of β.
template <class Options>
void check_common(const char* name, const char* share, double beta, const Options& options) {
  check_at_least(name, "lr", options.lr, 0);
  check_share(name, share, beta);
  check_above(name, share, beta, 0);
  check_at_least(name, "weight_decay", options.weight_decay, 0);
  check_at_least(name, "warmup_steps", static_cast<double>(options.warmup_steps), 0);
  check_at_least(name, "r", options.r, 0);
  check_at_least(name, "weight_lr_power", options.weight_lr_power, 0);
}

void check(const ScheduleFreeSgdOptions& options) {
  check_common(sgd_name, "momentum", options.momentum, options);
}

void check(const ScheduleFreeAdamWOptions& options) {
  check_common(adamw_name, "beta1", options.beta1, options);
  check_share(adamw_name, "beta2", options.beta2);
  check_above(adamw_name, "eps", options.eps, 0);
}

/// What checked_parameters() calls, which takes no overloads.
constexpr auto check_any = [](const auto& options) { check(options); };

double beta_of(const ScheduleFreeSgdOptions& options) { return options.momentum; }
double beta_of(const ScheduleFreeAdamWOptions& options) { return options.beta1; }

template <class Averaging, class Group>
std::vector<Averaging> averaging_of(const std::vector<Group>& groups) {
  std::vector<Averaging> out;
  for (const Group& group : groups) {
    const auto& options = group.options;
    out.push_back({.beta = beta_of(options),
                   .warmup_steps = options.warmup_steps,
                   .r = options.r,
                   .weight_lr_power = options.weight_lr_power});
  }
  return out;
}

}  // namespace

ScheduleFree::ScheduleFree(std::string name, const std::vector<std::vector<Tensor>>& groups,
                           const std::vector<double>& lrs, const RuleType& type,
                           const std::vector<std::string>& states, std::vector<Averaging> averaging)
    : ElementwiseOptimizer(std::move(name), groups, lrs, type, states),
      averaging_(std::move(averaging)),
      shares_(groups.size()),
      rates_(groups.size()) {
  add_state("y");
  for (std::size_t group = 0; group < groups.size(); ++group) {
    const std::string prefix = "group." + std::to_string(group) + ".";
    numbers_.push_back({.k = add_number(prefix + "k"),
                        .weight_sum = add_number(prefix + "weight_sum", DType::f64),
                        .lr_max = add_number(prefix + "lr_max", DType::f64)});
  }
  evaluating_ = add_number("evaluating");
}

bool ScheduleFree::is_evaluating() const { return evaluating_.item() != 0; }

void ScheduleFree::eval() {
  if (is_evaluating()) return;
  const NoGrad no_grad;
  const DefaultFlush flush;
  const auto steps = std::as_const(saved()).steps();
  for (std::size_t i = 0; i < parameter_count(); ++i) {
    // z is not set before the first step; all points are then the same.
    if (steps[i] == 0) continue;
    const double beta = averaging_[arena().segments()[i].group].beta;
    Tensor theta = parameter(i).detach();
    state("y", i).copy_(theta);
    // x = (y - (1 - β)·z) / β
    theta.lerp_(state("z", i), 1 - 1 / beta);
  }
  evaluating_.fill_(1);
}

void ScheduleFree::train() {
  if (!is_evaluating()) return;
  const NoGrad no_grad;
  const auto steps = std::as_const(saved()).steps();
  for (std::size_t i = 0; i < parameter_count(); ++i) {
    if (steps[i] == 0) continue;
    Tensor theta = parameter(i).detach();
    theta.copy_(state("y", i));
  }
  evaluating_.fill_(0);
}

void ScheduleFree::begin_step() {
  for (std::size_t group = 0; group < group_count(); ++group) {
    const Averaging& averaging = averaging_[group];
    GroupNumbers& numbers = numbers_[group];
    const double k = numbers.k.item() + 1;
    const auto warmup = static_cast<double>(averaging.warmup_steps);
    const double rate = lr(group) * (k <= warmup ? k / warmup : 1);
    const double largest = std::max(rate, numbers.lr_max.item());
    const double weight = std::pow(k, averaging.r) * std::pow(largest, averaging.weight_lr_power);
    const double sum = numbers.weight_sum.item() + weight;
    if (largest > 0 && !(weight > 0 && std::isfinite(sum))) {
      fail(name().c_str(), "the weight of step ", k, " in the average is ", weight,
           ", and the sum of all ", sum,
           ": kʳ·lr^p leaves the range of f64; choose smaller powers");
    }
    rates_[group] = rate;
    // At rate 0 nothing has been averaged yet.
    shares_[group] = sum == 0 ? 0 : weight / sum;
    numbers.k.fill_(k);
    numbers.lr_max.fill_(largest);
    numbers.weight_sum.fill_(sum);
  }
}

ScheduleFreeStep ScheduleFree::step_of(const ParameterStep& at, double weight_decay) const {
  const double rate = rates_[at.group];
  const double share = shares_[at.group];
  return {.lr = static_cast<float>(rate),
          .average_share = static_cast<float>(share),
          .step_size = static_cast<float>(rate * (1 - averaging_[at.group].beta * (1 - share))),
          .weight_decay = static_cast<float>(weight_decay),
          .is_first = at.step == 1};
}

std::int64_t ScheduleFree::count_of(std::size_t group) const {
  return static_cast<std::int64_t>(numbers_[group].k.item());
}

ScheduleFreeSgd::ScheduleFreeSgd(const std::vector<Tensor>& parameters,
                                 const ScheduleFreeSgdOptions& options)
    : ScheduleFreeSgd(std::vector<ScheduleFreeSgdGroup>{{parameters, options}}) {}

ScheduleFreeSgd::ScheduleFreeSgd(const std::vector<ScheduleFreeSgdGroup>& groups)
    : ScheduleFree(sgd_name, checked_parameters(groups, check_any), lrs_of(groups),
                   rule_type<ScheduleFreeSgdRule>(), {"z"}, averaging_of<Averaging>(groups)),
      options_(options_of(groups)) {}

void ScheduleFreeSgd::make_rule(const ParameterStep& at, void* rule) const {
  new (rule) ScheduleFreeSgdRule{.step = step_of(at, options_[at.group].weight_decay)};
}

ScheduleFreeAdamW::ScheduleFreeAdamW(const std::vector<Tensor>& parameters,
                                     const ScheduleFreeAdamWOptions& options)
    : ScheduleFreeAdamW(std::vector<ScheduleFreeAdamWGroup>{{parameters, options}}) {}

ScheduleFreeAdamW::ScheduleFreeAdamW(const std::vector<ScheduleFreeAdamWGroup>& groups)
    : ScheduleFree(adamw_name, checked_parameters(groups, check_any), lrs_of(groups),
                   rule_type<ScheduleFreeAdamWRule>(), {"z", "exp_avg_sq"},
                   averaging_of<Averaging>(groups)),
      options_(options_of(groups)) {}

void ScheduleFreeAdamW::make_rule(const ParameterStep& at, void* rule) const {
  const ScheduleFreeAdamWOptions& options = options_[at.group];
  const auto k = static_cast<double>(count_of(at.group));
  new (rule) ScheduleFreeAdamWRule{
      .step = step_of(at, options.weight_decay),
      .beta2 = static_cast<float>(options.beta2),
      .one_minus_beta2 = static_cast<float>(1 - options.beta2),
      .root_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(options.beta2, k))),
      .eps = static_cast<float>(options.eps)};
}

}  // namespace plastic::optim

#include "plastic/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "core/check.h"
#include "optim/check_option.h"
#include "optim/numbers.h"

namespace plastic::optim {
namespace {

/// From `start` to `end` along half a cosine, as `share` goes from 0 to 1.
double along_cosine(double start, double end, double share) {
  return end + (start - end) * (1 + std::cos(std::numbers::pi * share)) / 2;
}

void check_count(const char* op, const char* option, std::int64_t value, std::int64_t least) {
  if (value < least) fail(op, option, " is ", value, "; it must be at least ", least);
}

void check_in_unit(const char* op, const char* option, double value) {
  if (!(value >= 0 && value <= 1)) fail(op, option, " is ", value, "; it must be in [0, 1]");
}

std::string base_name(std::size_t group) { return "group." + std::to_string(group) + ".base_lr"; }

std::string rate_name(std::size_t group) { return "group." + std::to_string(group) + ".lr"; }

std::vector<std::string> names(std::size_t groups, bool with_rates) {
  std::vector<std::string> all = {"time"};
  for (std::size_t group = 0; group < groups; ++group) {
    all.push_back(base_name(group));
    if (with_rates) all.push_back(rate_name(group));
  }
  return all;
}

/// The base rate at which `schedule` gives `rate` at time t, where it gives `before` at `base`. All
/// schedules of this library are c + d·base at any one time; c is 0 for most.
double base_for(const Schedule& schedule, std::int64_t t, double base, double before, double rate) {
  const double constant = schedule.lr(t, 0);
  const double c = std::isfinite(constant) ? constant : 0;
  if (before != c) return base * ((rate - c) / (before - c));
  // The base is 0, or says nothing at this time: what a base of 1 gives tells d.
  const double slope = schedule.lr(t, 1) - c;
  return base == 0 && slope != 0 && std::isfinite(slope) ? (rate - c) / slope : base;
}

}  // namespace

Schedule::Schedule(std::function<double(std::int64_t, double)> rule) : rule_(std::move(rule)) {
  if (!rule_) fail("Schedule", "the rule is empty; give a function of time and base rate");
}

Schedule Schedule::constant() {
  return Schedule([](std::int64_t, double base) { return base; });
}

Schedule Schedule::step(std::int64_t every, double gamma) {
  check_count("Schedule::step", "every", every, 1);
  check_above("Schedule::step", "gamma", gamma, 0);
  return Schedule([=](std::int64_t t, double base) {
    const std::int64_t times = t / every;
    return base * std::pow(gamma, static_cast<double>(times));
  });
}

Schedule Schedule::exponential(double gamma) {
  check_above("Schedule::exponential", "gamma", gamma, 0);
  return Schedule(
      [=](std::int64_t t, double base) { return base * std::pow(gamma, static_cast<double>(t)); });
}

Schedule Schedule::cosine(std::int64_t period, double lowest) {
  check_count("Schedule::cosine", "period", period, 1);
  check_at_least("Schedule::cosine", "lowest", lowest, 0);
  return Schedule([=](std::int64_t t, double base) {
    return along_cosine(base, lowest, static_cast<double>(t) / static_cast<double>(period));
  });
}

Schedule Schedule::warmup(std::int64_t steps, double first, Schedule after) {
  check_count("Schedule::warmup", "steps", steps, 1);
  check_in_unit("Schedule::warmup", "first", first);
  return Schedule([=, after = std::move(after)](std::int64_t t, double base) {
    if (t >= steps) return after.lr(t - steps, base);
    return base * (first + (1 - first) * static_cast<double>(t) / static_cast<double>(steps));
  });
}

Schedule Schedule::one_cycle(std::int64_t total, double rising, double initial_divisor,
                             double final_divisor) {
  constexpr const char* op = "Schedule::one_cycle";
  check_count(op, "total", total, 2);
  check_in_unit(op, "rising", rising);
  check_above(op, "initial_divisor", initial_divisor, 0);
  check_above(op, "final_divisor", final_divisor, 0);
  const auto last = static_cast<double>(total - 1);
  // PyTorch's peak: one step before the share is through.
  const double peak = rising * static_cast<double>(total) - 1;
  return Schedule([=](std::int64_t t, double base) {
    const double now = std::min(static_cast<double>(t), last);
    const double start = base / initial_divisor;
    if (now <= peak) return peak > 0 ? along_cosine(start, base, now / peak) : base;
    const double share = last > peak ? (now - peak) / (last - peak) : 1;
    return along_cosine(base, start / final_divisor, share);
  });
}

Scheduler::Scheduler(Optimizer& optimizer, Schedule schedule)
    : optimizer_(&optimizer), schedule_(std::move(schedule)) {
  for (std::size_t group = 0; group < optimizer.group_count(); ++group) {
    base_.push_back(optimizer.lr(group));
  }
  set(rates(time_, base_));
}

void Scheduler::step() {
  std::vector<double> base = current_base();
  const std::vector<double> next = rates(time_ + 1, base);
  ++time_;
  base_ = std::move(base);
  set(next);
}

std::vector<double> Scheduler::rates(std::int64_t time, const std::vector<double>& base) const {
  std::vector<double> all;
  for (const double rate : base) {
    // A base that stands for a rate below `lowest` may be negative.
    const double lr = rate < 0 ? std::max(schedule_.lr(time, rate), 0.0) : schedule_.lr(time, rate);
    check_at_least("Scheduler", "the rate of the schedule", lr, 0);
    all.push_back(lr);
  }
  return all;
}

std::vector<double> Scheduler::current_base() const {
  std::vector<double> base = base_;
  for (std::size_t group = 0; group < base.size(); ++group) {
    const double rate = optimizer_->lr(group);
    if (rate == set_[group]) continue;
    base[group] = base_for(schedule_, time_, base[group], set_[group], rate);
  }
  return base;
}

void Scheduler::set(const std::vector<double>& rates) {
  for (std::size_t group = 0; group < rates.size(); ++group) {
    optimizer_->set_lr(rates[group], group);
  }
  set_ = rates;
}

StateDict Scheduler::state_dict() const {
  const std::vector<double> base = current_base();
  StateDict state = {count("time", time_)};
  for (std::size_t group = 0; group < base.size(); ++group) {
    state.push_back(number(base_name(group), base[group]));
    state.push_back(number(rate_name(group), optimizer_->lr(group)));
  }
  return state;
}

void Scheduler::load_state_dict(const StateDict& state) {
  const bool has_rates = std::ranges::any_of(
      state, [](const NamedTensor& entry) { return entry.name == rate_name(0); });
  check_names("Scheduler", state, names(base_.size(), has_rates));
  const std::int64_t time = count_of("Scheduler", state, "time");
  std::vector<double> base;
  std::vector<double> given;
  for (std::size_t group = 0; group < base_.size(); ++group) {
    base.push_back(number_of("Scheduler", state, base_name(group)));
    // A negative one stands for a rate below a schedule's lowest; most schedules have none.
    const bool may_be_negative = std::isfinite(base.back()) && schedule_.lr(time, 0) != 0;
    if (!may_be_negative) {
      check_at_least("Scheduler", base_name(group).c_str(), base.back(), 0);
    }
    if (!has_rates) continue;
    given.push_back(number_of("Scheduler", state, rate_name(group)));
    check_at_least("Scheduler", rate_name(group).c_str(), given.back(), 0);
  }
  const std::vector<double> now = has_rates ? given : rates(time, base);
  time_ = time;
  base_ = std::move(base);
  set(now);
}

}  // namespace plastic::optim

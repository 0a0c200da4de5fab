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

std::vector<std::string> names(std::size_t groups) {
  std::vector<std::string> all = {"time"};
  for (std::size_t group = 0; group < groups; ++group) all.push_back(base_name(group));
  return all;
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
  set_rates();
}

void Scheduler::step() {
  ++time_;
  set_rates();
}

void Scheduler::set_rates() {
  for (std::size_t group = 0; group < base_.size(); ++group) {
    optimizer_->set_lr(schedule_.lr(time_, base_[group]), group);
  }
}

StateDict Scheduler::state_dict() const {
  StateDict state = {count("time", time_)};
  for (std::size_t group = 0; group < base_.size(); ++group) {
    state.push_back(number(base_name(group), base_[group]));
  }
  return state;
}

void Scheduler::load_state_dict(const StateDict& state) {
  check_names("Scheduler", state, names(base_.size()));
  const std::int64_t time = count_of("Scheduler", state, "time");
  std::vector<double> base;
  for (std::size_t group = 0; group < base_.size(); ++group) {
    const std::string name = base_name(group);
    base.push_back(number_of("Scheduler", state, name));
    check_at_least("Scheduler", name.c_str(), base.back(), 0);
  }
  time_ = time;
  base_ = std::move(base);
  set_rates();
}

}  // namespace plastic::optim

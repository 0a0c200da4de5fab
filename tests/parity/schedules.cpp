#include "call.h"

namespace plastic::parity {
namespace {

using optim::Schedule;

Schedule make_schedule(const Call& c, const std::string& kind) {
  if (kind == "constant") return Schedule::constant();
  if (kind == "step") return Schedule::step(c.integer("every"), c.number("gamma"));
  if (kind == "exponential") return Schedule::exponential(c.number("gamma"));
  if (kind == "cosine") return Schedule::cosine(c.integer("period"), c.number("lowest"));
  if (kind == "one_cycle") {
    return Schedule::one_cycle(c.integer("total"), c.number("rising"), c.number("initial_divisor"),
                               c.number("final_divisor"));
  }
  if (kind == "rule") {
    return Schedule([](std::int64_t t, double base) { return base / static_cast<double>(1 + t); });
  }
  throw std::logic_error("no schedule " + kind);
}

/// An optimizer of two groups, whose rates are "base".
optim::Sgd make_optimizer(const Call& c) {
  std::vector<optim::SgdGroup> groups;
  for (const char* name : {"base.0", "base.1"}) {
    groups.push_back({{Tensor::zeros({1}, {.requires_grad = true})}, {.lr = c.number(name)}});
  }
  return optim::Sgd(groups);
}

/// The rates of both groups at time 0 and after each step, one after the other.
template <class F>
Results rates(const optim::Sgd& optimizer, std::int64_t steps, F&& step) {
  std::vector<double> values;
  for (std::int64_t t = 0; t <= steps; ++t) {
    if (t > 0) step(t - 1);
    values.push_back(optimizer.lr(0));
    values.push_back(optimizer.lr(1));
  }
  return {numbers_of(values)};
}

Results run_schedule(Call& c) {
  optim::Sgd optimizer = make_optimizer(c);
  Schedule schedule = make_schedule(c, c.text("kind"));
  if (c.has("warmup"))
    schedule = Schedule::warmup(c.integer("warmup"), c.number("first"), schedule);
  optim::Scheduler scheduler(optimizer, schedule);
  return rates(optimizer, c.integer("steps"), [&](std::int64_t) { scheduler.step(); });
}

// Tensor: the metrics, f64.
Results run_plateau(Call& c) {
  optim::Sgd optimizer = make_optimizer(c);
  optim::ReduceOnPlateau plateau(
      optimizer, {.mode = c.flag("max") ? optim::PlateauMode::max : optim::PlateauMode::min,
                  .factor = c.number("factor"),
                  .patience = c.integer("patience"),
                  .threshold = c.number("threshold"),
                  .threshold_mode = c.flag("absolute") ? optim::PlateauThreshold::absolute
                                                       : optim::PlateauThreshold::relative,
                  .cooldown = c.integer("cooldown"),
                  .lowest = c.number("lowest"),
                  .eps = c.number("eps")});
  const std::vector<double> metrics = c[0].to_vector<double>();
  return rates(optimizer, static_cast<std::int64_t>(metrics.size()),
               [&](std::int64_t t) { plateau.step(metrics[static_cast<std::size_t>(t)]); });
}

}  // namespace

void add_schedules(Table& table) {
  enter_all(table, "schedule", {}, run_schedule);
  enter_all(table, "plateau", {}, run_plateau);
}

}  // namespace plastic::parity

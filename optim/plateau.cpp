#include "plastic/optim/plateau.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"
#include "optim/check_option.h"
#include "optim/numbers.h"

namespace plastic::optim {
namespace {

constexpr const char* op = "ReduceOnPlateau";

double worst(PlateauMode mode) {
  const double infinity = std::numeric_limits<double>::infinity();
  return mode == PlateauMode::min ? infinity : -infinity;
}

}  // namespace

ReduceOnPlateau::ReduceOnPlateau(Optimizer& optimizer, const PlateauOptions& options)
    : optimizer_(&optimizer), options_(options), best_(worst(options.mode)) {
  if (!(options.factor > 0 && options.factor < 1)) {
    fail(op, "factor is ", options.factor, "; it must be above 0 and below 1");
  }
  check_at_least(op, "patience", static_cast<double>(options.patience), 0);
  check_at_least(op, "threshold", options.threshold, 0);
  check_at_least(op, "cooldown", static_cast<double>(options.cooldown), 0);
  check_at_least(op, "lowest", options.lowest, 0);
  check_at_least(op, "eps", options.eps, 0);
}

bool ReduceOnPlateau::is_better(double metric) const {
  const bool is_lower_better = options_.mode == PlateauMode::min;
  if (std::isinf(best_)) return is_lower_better ? metric < best_ : metric > best_;
  const double step = is_lower_better ? -options_.threshold : options_.threshold;
  const double bound =
      options_.threshold_mode == PlateauThreshold::relative ? best_ * (1 + step) : best_ + step;
  return is_lower_better ? metric < bound : metric > bound;
}

bool ReduceOnPlateau::step(double metric) {
  if (is_better(metric)) {
    best_ = metric;
    bad_epochs_ = 0;
  } else {
    ++bad_epochs_;
  }
  if (cooldown_left_ > 0) {
    --cooldown_left_;
    bad_epochs_ = 0;
  }
  if (bad_epochs_ <= options_.patience) return false;
  reduce();
  cooldown_left_ = options_.cooldown;
  bad_epochs_ = 0;
  return true;
}

void ReduceOnPlateau::reduce() {
  for (std::size_t group = 0; group < optimizer_->group_count(); ++group) {
    const double before = optimizer_->lr(group);
    const double after = std::max(before * options_.factor, options_.lowest);
    if (before - after > options_.eps) optimizer_->set_lr(after, group);
  }
}

StateDict ReduceOnPlateau::state_dict() const {
  return {number("best", best_), count("bad_epochs", bad_epochs_),
          count("cooldown_left", cooldown_left_)};
}

void ReduceOnPlateau::load_state_dict(const StateDict& state) {
  check_names(op, state, {"best", "bad_epochs", "cooldown_left"});
  const double best = number_of(op, state, "best");
  if (std::isnan(best)) fail(op, "state \"best\" is ", best, ", expected a number");
  const std::int64_t bad_epochs = count_of(op, state, "bad_epochs");
  cooldown_left_ = count_of(op, state, "cooldown_left");
  bad_epochs_ = bad_epochs;
  best_ = best;
}

}  // namespace plastic::optim

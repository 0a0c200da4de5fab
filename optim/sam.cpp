#include "plastic/optim/sam.h"

#include <utility>

#include "core/check.h"
#include "core/threads/float_mode.h"
#include "optim/arena.h"
#include "optim/check_option.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/join.h"
#include "plastic/core/ops/reduce.h"

namespace plastic::optim {
namespace {

/// Added to the norm, as in the implementations that are cited.
constexpr double least_norm = 1e-12;

/// `base`, which is there and takes one gradient per step.
const Optimizer& checked(const std::unique_ptr<Optimizer>& base) {
  if (base == nullptr) fail("sam", "there is no optimizer to wrap; give it one");
  if (base->gradients_per_step() != 1) {
    fail("sam", "the optimizer to wrap takes ", base->gradients_per_step(),
         " gradients per step; give it one that takes a single gradient");
  }
  return *base;
}

}  // namespace

Sam::Sam(std::unique_ptr<Optimizer> base, const SamOptions& options)
    : Optimizer("sam", checked(base)), base_(std::move(base)), options_(options) {
  check_at_least("sam", "rho", options.rho, 0);
  before_ = arena().new_block();
}

Sam::~Sam() = default;

int Sam::gradients_per_step() const { return 2; }

void Sam::perturb() {
  if (is_evaluating()) {
    fail("sam", "the parameters hold the weights to evaluate; call train() before the next step");
  }
  if (is_perturbed_) {
    fail("sam", "perturb() was called already; compute the second gradient and call step()");
  }
  const NoGrad no_grad;
  const DefaultFlush flush;
  std::vector<Tensor> norms;
  moved_.clear();
  for (std::size_t i = 0; i < parameter_count(); ++i) {
    const Tensor theta = parameter(i).detach();
    const Tensor gradient = parameter(i).grad();
    if (!gradient.defined() || !parameter(i).requires_grad() || theta.numel() == 0) continue;
    norms.push_back(norm(options_.adaptive ? mul(abs(theta), gradient) : gradient));
    moved_.push_back(i);
  }
  is_perturbed_ = true;
  if (moved_.empty()) return;
  // On the device of the parameters, so that a device may capture it.
  const Tensor scale = options_.rho / (norm(stack(norms)) + least_norm);
  for (const std::size_t i : moved_) {
    Tensor theta = parameter(i).detach();
    arena().view(before_, i).copy_(theta);
    const Tensor direction = mul(parameter(i).grad(), scale);
    theta.add_(options_.adaptive ? mul(mul(theta, theta), direction) : direction);
  }
}

void Sam::restore() {
  if (!is_perturbed_) return;
  const NoGrad no_grad;
  for (const std::size_t i : moved_) {
    Tensor theta = parameter(i).detach();
    theta.copy_(arena().view(before_, i));
  }
  is_perturbed_ = false;
}

void Sam::train() { base_->train(); }

void Sam::eval() { base_->eval(); }

bool Sam::is_evaluating() const { return base_->is_evaluating(); }

bool Sam::is_capturable() const { return base_->is_capturable(); }

std::vector<Diagnostic> Sam::diagnostics() const { return base_->diagnostics(); }

std::vector<Signal> Sam::signals() const { return base_->signals(); }

Inspection Sam::inspect(std::size_t parameter) const { return base_->inspect(parameter); }

void Sam::set_epoch(int epoch, int total_epochs) { base_->set_epoch(epoch, total_epochs); }

void Sam::prepare() { base_->advance(); }

void Sam::run() {
  // prepare() may come before the gradients, where a device replays a captured step.
  if (!is_perturbed_) {
    fail("sam", "a step takes two gradients; after the first backward() call perturb(), ",
         "zero_grad() and backward() again, then step()");
  }
  restore();
  run_base(*base_);
}

}  // namespace plastic::optim

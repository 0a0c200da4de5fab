#include "plastic/optim/muon.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "optim/check_option.h"
#include "optim/groups.h"
#include "optim/matrix/adam_direction.h"
#include "optim/matrix/newton_schulz.h"

namespace plastic::optim {
namespace {

void check(const MuonOptions& options) {
  // AdamW's rate is in proportion to it.
  check_above("muon", "lr", options.lr, 0);
  check_share("muon", "momentum", options.momentum);
  check_at_least("muon", "weight_decay", options.weight_decay, 0);
  if (options.ns_steps < 1 || options.ns_steps >= 100) {
    fail("muon", "ns_steps is ", options.ns_steps, "; it must be 1 or more and below 100");
  }
  for (const double coefficient : options.ns_coefficients) {
    if (!std::isfinite(coefficient)) fail("muon", "an ns_coefficient is ", coefficient);
  }
  check_above("muon", "eps", options.eps, 0);
  check_at_least("muon", "adamw_lr", options.adamw_lr, 0);
  check_share("muon", "adamw_beta1", options.adamw_beta1);
  check_share("muon", "adamw_beta2", options.adamw_beta2);
  check_at_least("muon", "adamw_eps", options.adamw_eps, 0);
}

bool is_matrix(const Tensor& parameter, const MuonOptions& options) {
  return options.use_muon && parameter.rank() >= 2;
}

double factor(MuonRate rate, const Tensor& matrix) {
  const auto rows = static_cast<double>(matrix.size(0));
  const auto columns = static_cast<double>(matrix.size(1));
  switch (rate) {
    case MuonRate::original:
      return std::sqrt(std::max(1.0, rows / columns));
    case MuonRate::match_rms_adamw:
      return 0.2 * std::sqrt(std::max(rows, columns));
    case MuonRate::spectral_unclamped:
      return std::sqrt(rows / columns);
  }
  fail("muon", "unknown adjust_lr ", static_cast<int>(rate));
}

}  // namespace

Muon::Muon(const std::vector<Tensor>& parameters, const MuonOptions& options)
    : Muon(std::vector<MuonGroup>{{parameters, options}}) {}

Muon::Muon(const std::vector<MuonGroup>& groups)
    : Optimizer("muon", checked_parameters(groups, check), lrs_of(groups)),
      options_(options_of(groups)) {
  std::size_t index = 0;
  for (const MuonGroup& group : groups) {
    for (const Tensor& parameter : group.parameters) {
      if (is_matrix(parameter, group.options)) {
        add_state("momentum_buffer", index, parameter.shape());
      } else {
        add_state("exp_avg", index, parameter.shape());
        add_state("exp_avg_sq", index, parameter.shape());
      }
      ++index;
    }
  }
}

void Muon::update(const ParameterStep& at) {
  const MuonOptions& options = options_[at.group];
  if (is_matrix(at.parameter, options)) {
    update_matrix(at, options);
  } else {
    update_by_adamw(at, options);
  }
}

void Muon::update_matrix(const ParameterStep& at, const MuonOptions& options) {
  Tensor parameter = at.parameter.flatten(1);
  const Tensor gradient = at.gradient.flatten(1);
  Tensor momentum_buffer = state("momentum_buffer", at.index).flatten(1);
  momentum_buffer.lerp_(gradient, 1 - options.momentum);
  Tensor direction = momentum_buffer;
  if (options.nesterov) direction = gradient.clone().lerp_(momentum_buffer, options.momentum);
  direction = newton_schulz(direction, options.ns_coefficients, options.ns_steps, options.eps);
  if (options.weight_decay != 0) parameter.mul_(1 - at.lr * options.weight_decay);
  parameter.sub_(direction, at.lr * factor(options.adjust_lr, parameter));
}

void Muon::update_by_adamw(const ParameterStep& at, const MuonOptions& options) {
  const double lr = at.lr * (options.adamw_lr / options.lr);
  AdamMoments moments{.exp_avg = state("exp_avg", at.index),
                      .exp_avg_sq = state("exp_avg_sq", at.index),
                      .beta1 = options.adamw_beta1,
                      .beta2 = options.adamw_beta2};
  moments.add(at.gradient);
  Tensor parameter = at.parameter;
  if (options.weight_decay != 0) parameter.mul_(1 - lr * options.weight_decay);
  parameter.sub_(moments.direction(options.adamw_eps, at.step), lr);
}

}  // namespace plastic::optim

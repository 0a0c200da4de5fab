#include "plastic/optim/adafactor.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "optim/check_option.h"
#include "optim/groups.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"

namespace plastic::optim {
namespace {

constexpr double largest = std::numeric_limits<float>::max();

void check(const AdafactorOptions& options) {
  check_at_least("adafactor", "lr", options.lr, 0);
  if (!std::isfinite(options.beta2_decay) || options.beta2_decay > 0) {
    fail("adafactor", "beta2_decay is ", options.beta2_decay, "; it must be a number of 0 or less");
  }
  check_at_least("adafactor", "eps1", options.eps1, 0);
  check_at_least("adafactor", "eps2", options.eps2, 0);
  check_at_least("adafactor", "d", options.d, 1);
  check_at_least("adafactor", "weight_decay", options.weight_decay, 0);
}

Tensor root_mean_square(const Tensor& x) {
  return norm(x) * (1 / std::sqrt(static_cast<double>(x.numel())));
}

}  // namespace

Adafactor::Adafactor(const std::vector<Tensor>& parameters, const AdafactorOptions& options)
    : Adafactor(std::vector<AdafactorGroup>{{parameters, options}}) {}

Adafactor::Adafactor(const std::vector<AdafactorGroup>& groups)
    : Optimizer("adafactor", checked_parameters(groups, check), lrs_of(groups)),
      options_(options_of(groups)) {
  for (std::size_t i = 0; i < parameter_count(); ++i) {
    const Tensor& own = parameter(i);
    if (own.rank() < 2) {
      add_state("variance", i, own.shape());
      continue;
    }
    Shape rows = own.shape();
    Shape columns = own.shape();
    rows[rows.rank() - 1] = 1;
    columns[columns.rank() - 2] = 1;
    add_state("row_var", i, rows);
    add_state("col_var", i, columns);
  }
}

void Adafactor::update(const ParameterStep& at) {
  const AdafactorOptions& options = options_[at.group];
  const double rho = std::min(at.lr, 1 / std::sqrt(static_cast<double>(at.step)));
  Tensor parameter = at.parameter;
  // A tensor of rank 0. It stays on the device: reading it would wait for every parameter.
  Tensor rate = clamp(root_mean_square(parameter), options.eps2, largest) * rho;
  if (options.weight_decay != 0) parameter.mul_(1 - at.lr * options.weight_decay);
  Tensor update = rsqrt(clamp(variance(at, options), options.eps1 * options.eps1, largest));
  update.mul_(at.gradient);
  rate.div_(clamp(root_mean_square(update) * (1 / options.d), 1, largest));
  parameter.addcmul_(update, rate, -1);
}

Tensor Adafactor::variance(const ParameterStep& at, const AdafactorOptions& options) const {
  const double weight = std::pow(static_cast<double>(at.step), options.beta2_decay);
  const Tensor squares = at.gradient * at.gradient;
  if (at.gradient.rank() < 2) {
    Tensor variance = state("variance", at.index);
    return variance.lerp_(squares, weight);
  }
  Tensor row_var = state("row_var", at.index);
  Tensor col_var = state("col_var", at.index);
  row_var.lerp_(mean(squares, {-1}, true), weight);
  col_var.lerp_(mean(squares, {-2}, true), weight);
  const Tensor total = clamp(mean(row_var, {-2}, true), options.eps1, largest);
  return (row_var * col_var).div_(total);
}

}  // namespace plastic::optim

#include "plastic/optim/soap.h"

#include <cmath>
#include <string>

#include "core/check.h"
#include "optim/check_option.h"
#include "optim/groups.h"
#include "optim/matrix/adam_direction.h"
#include "optim/matrix/eigenbasis.h"
#include "plastic/core/ops/index.h"
#include "plastic/core/ops/matmul.h"
#include "plastic/core/ops/reduce.h"
#include "plastic/core/ops/sort.h"

namespace plastic::optim {
namespace {

void check(const SoapOptions& options) {
  check_at_least("soap", "lr", options.lr, 0);
  check_share("soap", "beta1", options.beta1);
  check_share("soap", "beta2", options.beta2);
  if (options.shampoo_beta) check_share("soap", "shampoo_beta", *options.shampoo_beta);
  check_at_least("soap", "eps", options.eps, 0);
  check_at_least("soap", "weight_decay", options.weight_decay, 0);
  if (options.precondition_frequency < 1) {
    fail("soap", "precondition_frequency is ", options.precondition_frequency,
         "; it must be 1 or more");
  }
  if (options.max_precondition_dim < 1) {
    fail("soap", "max_precondition_dim is ", options.max_precondition_dim,
         "; it must be 1 or more");
  }
}

/// Neighbouring axes joined while their product is no more than `max_dim`.
Shape joined(const Shape& shape, std::int64_t max_dim) {
  Shape out;
  std::int64_t current = 1;
  for (const std::int64_t size : shape) {
    if (current * size <= max_dim) {
      current *= size;
      continue;
    }
    out.push_back(current > 1 ? current : size);
    current = current > 1 ? size : 1;
  }
  if (current > 1 || out.empty()) out.push_back(current);
  return out;
}

std::string name_of(const char* what, std::size_t axis) {
  return std::string(what) + "_" + std::to_string(axis);
}

/// The tensor as a matrix whose rows are along `axis`.
Tensor unfolded(const Tensor& tensor, std::size_t axis) {
  Shape axes{static_cast<std::int64_t>(axis)};
  for (std::size_t i = 0; i < tensor.shape().rank(); ++i) {
    if (i != axis) axes.push_back(static_cast<std::int64_t>(i));
  }
  return tensor.permute(axes).reshape({tensor.size(static_cast<std::int64_t>(axis)), -1});
}

}  // namespace

Soap::Soap(const std::vector<Tensor>& parameters, const SoapOptions& options)
    : Soap(std::vector<SoapGroup>{{parameters, options}}) {}

Soap::Soap(const std::vector<SoapGroup>& groups)
    : Optimizer("soap", checked_parameters(groups, check), lrs_of(groups)),
      options_(options_of(groups)) {
  add_state("exp_avg");
  add_state("exp_avg_sq");
  for (const SoapGroup& group : groups) {
    const SoapOptions& options = group.options;
    for (const Tensor& own : group.parameters) {
      const std::size_t index = shapes_.size();
      const bool is_vector = own.rank() < 2;
      shapes_.push_back(is_vector || !options.merge_dims
                            ? own.shape()
                            : joined(own.shape(), options.max_precondition_dim));
      max_dims_.push_back(is_vector && !options.precondition_1d ? 0 : options.max_precondition_dim);
      for (std::size_t axis = 0; axis < shapes_[index].rank(); ++axis) {
        if (!has_basis(index, axis)) continue;
        const std::int64_t size = shapes_[index][axis];
        add_state(name_of("preconditioner", axis), index, {size, size});
        add_state(name_of("basis", axis), index, {size, size});
      }
    }
  }
}

bool Soap::has_basis(std::size_t index, std::size_t axis) const {
  return shapes_[index][axis] <= max_dims_[index];
}

void Soap::update(const ParameterStep& at) {
  const SoapOptions& options = options_[at.group];
  const double shampoo_beta = options.shampoo_beta.value_or(options.beta2);
  const Tensor gradient = at.gradient.reshape(shapes_[at.index]);
  if (at.step == 1) {
    accumulate(gradient, at.index, shampoo_beta);
    find_bases(at.index);
    return;
  }
  const std::int64_t steps = at.step - 1;
  AdamMoments moments{.exp_avg = state("exp_avg", at.index).reshape(shapes_[at.index]),
                      .exp_avg_sq = state("exp_avg_sq", at.index).reshape(shapes_[at.index]),
                      .beta1 = options.beta1,
                      .beta2 = options.beta2};
  moments.add(project(gradient, at.index, false));
  double rate = at.lr;
  if (options.correct_bias) {
    const auto t = static_cast<double>(steps);
    rate *= std::sqrt(1 - std::pow(options.beta2, t)) / (1 - std::pow(options.beta1, t));
  }
  Tensor update = project(moments.direction(options.eps, 0), at.index, true);
  if (options.normalize_gradients) {
    const double count = static_cast<double>(update.numel());
    update.div_((norm(update) * (1 / std::sqrt(count))).add_(options.eps));
  }
  Tensor parameter = at.parameter.reshape(shapes_[at.index]);
  parameter.sub_(update, rate);
  if (options.weight_decay != 0) parameter.mul_(1 - at.lr * options.weight_decay);
  accumulate(gradient, at.index, shampoo_beta);
  if (steps % options.precondition_frequency == 0) refresh_bases(at.index);
}

Tensor Soap::project(const Tensor& tensor, std::size_t index, bool back) const {
  Tensor out = tensor;
  // Each axis in turn is the first and becomes the last, so that they end in their order.
  for (std::size_t axis = 0; axis < shapes_[index].rank(); ++axis) {
    Shape turned = out.shape();
    const std::int64_t size = turned[0];
    turned.erase(0);
    turned.push_back(size);
    Tensor lines = out.reshape({size, -1}).transpose(0, 1);
    if (has_basis(index, axis)) {
      const Tensor basis = state(name_of("basis", axis), index);
      lines = matmul(lines, back ? basis.transpose(0, 1) : basis);
    }
    out = lines.reshape(turned);
  }
  return out;
}

void Soap::accumulate(const Tensor& gradient, std::size_t index, double shampoo_beta) {
  for (std::size_t axis = 0; axis < shapes_[index].rank(); ++axis) {
    if (!has_basis(index, axis)) continue;
    const Tensor rows = unfolded(gradient, axis);
    state(name_of("preconditioner", axis), index)
        .lerp_(matmul(rows, rows.transpose(0, 1)), 1 - shampoo_beta);
  }
}

void Soap::find_bases(std::size_t index) {
  for (std::size_t axis = 0; axis < shapes_[index].rank(); ++axis) {
    if (!has_basis(index, axis)) continue;
    state(name_of("basis", axis), index)
        .copy_(eigenvectors(state(name_of("preconditioner", axis), index)));
  }
}

void Soap::refresh_bases(std::size_t index) {
  Tensor exp_avg = state("exp_avg", index).reshape(shapes_[index]);
  Tensor exp_avg_sq = state("exp_avg_sq", index).reshape(shapes_[index]);
  const Tensor average = project(exp_avg, index, true);
  for (std::size_t axis = 0; axis < shapes_[index].rank(); ++axis) {
    if (!has_basis(index, axis)) continue;
    Tensor basis = state(name_of("basis", axis), index);
    const Tensor product = matmul(state(name_of("preconditioner", axis), index), basis);
    const Tensor order = sort(sum(basis * product, {0}), 0, true).indices;
    exp_avg_sq.copy_(index_select(exp_avg_sq, static_cast<std::int64_t>(axis), order));
    basis.copy_(orthonormal_columns(index_select(product, 1, order)));
  }
  exp_avg.copy_(project(average, index, false));
}

}  // namespace plastic::optim

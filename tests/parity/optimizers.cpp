#include <memory>

#include "call.h"

namespace plastic::parity {
namespace {

using optim::Optimizer;
using Groups = std::vector<std::vector<Tensor>>;

/// Of the group "g": "lr.g" and the like.
double option(const Call& c, const char* name, std::size_t group) {
  return c.number(std::string(name) + "." + std::to_string(group));
}

optim::SgdOptions sgd_options(const Call& c, std::size_t group) {
  return {.lr = option(c, "lr", group),
          .momentum = option(c, "momentum", group),
          .dampening = option(c, "dampening", group),
          .nesterov = option(c, "nesterov", group) != 0,
          .weight_decay = option(c, "weight_decay", group)};
}

template <class Options>
Options adam_options(const Call& c, std::size_t group) {
  return {.lr = option(c, "lr", group),
          .beta1 = option(c, "beta1", group),
          .beta2 = option(c, "beta2", group),
          .eps = option(c, "eps", group),
          .weight_decay = option(c, "weight_decay", group)};
}

template <class Rule, class Group, class F>
std::unique_ptr<Optimizer> grouped(const Groups& parameters, F options) {
  std::vector<Group> groups;
  for (std::size_t g = 0; g < parameters.size(); ++g) {
    groups.push_back({parameters[g], options(g)});
  }
  return std::make_unique<Rule>(groups);
}

std::unique_ptr<Optimizer> make_optimizer(const Call& c, const Groups& parameters) {
  const std::string& rule = c.text("rule");
  if (rule == "sgd") {
    return grouped<optim::Sgd, optim::SgdGroup>(parameters,
                                                [&](std::size_t g) { return sgd_options(c, g); });
  }
  if (rule == "adam") {
    return grouped<optim::Adam, optim::AdamGroup>(
        parameters, [&](std::size_t g) { return adam_options<optim::AdamOptions>(c, g); });
  }
  return grouped<optim::AdamW, optim::AdamWGroup>(
      parameters, [&](std::size_t g) { return adam_options<optim::AdamWOptions>(c, g); });
}

/// What the optimizer keeps of the i-th parameter, in the order of its names.
void append_state(Results& results, const Optimizer& optimizer, std::size_t i) {
  const std::string prefix = "state." + std::to_string(i) + ".";
  for (const char* name : {"momentum_buffer", "exp_avg", "exp_avg_sq", "step"}) {
    for (const NamedTensor& entry : optimizer.state_dict()) {
      if (entry.name == prefix + name) results.push_back(entry.tensor);
    }
  }
}

/// The gradients of step t: element t of each of the tensors after the parameters, where "given"
/// says so.
void set_gradients(const Call& c, std::vector<Tensor>& parameters, std::int64_t t) {
  const std::size_t count = parameters.size();
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_given = c.integers("given").at(static_cast<std::size_t>(t) * count + i) != 0;
    if (!is_given) continue;
    const Tensor gradient = c[count + i].slice(0, t, t + 1).reshape(parameters[i].shape());
    parameters[i].set_grad(gradient.clone());
  }
}

std::vector<Tensor> parameters_of(const Call& c, std::size_t count) {
  std::vector<Tensor> parameters;
  for (std::size_t i = 0; i < count; ++i) {
    parameters.push_back(c[i].clone());
    parameters.back().set_requires_grad();
  }
  return parameters;
}

// Tensors: parameters, then for each its gradients, stacked over the steps. Results: for each, its
// values after each step, and what the optimizer keeps of it in the end.
Results run_optimizer(Call& c) {
  const auto& group_of = c.integers("groups");
  std::vector<Tensor> parameters = parameters_of(c, group_of.size());
  Groups groups(static_cast<std::size_t>(c.integer("group_count")));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    groups.at(static_cast<std::size_t>(group_of[i])).push_back(parameters[i]);
  }
  const std::unique_ptr<Optimizer> optimizer = make_optimizer(c, groups);
  std::vector<std::vector<Tensor>> values(parameters.size());
  for (std::int64_t t = 0; t < c.integer("steps"); ++t) {
    optimizer->zero_grad();
    set_gradients(c, parameters, t);
    optimizer->step();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      values[i].push_back(parameters[i].detach().clone());
    }
  }
  Results results;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    results.push_back(stack(values[i]));
    append_state(results, *optimizer, i);
  }
  return results;
}

// Tensors: gradients. Results: them, clipped, and the norm before.
Results run_clip(Call& c) {
  std::vector<Tensor> parameters = parameters_of(c, c.tensors.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].set_grad(c[i].clone());
  Results results;
  if (c.has("max_norm")) {
    const double norm =
        optim::clip_grad_norm(parameters, c.number("max_norm"), c.flag("error_if_nonfinite"));
    results.push_back(numbers_of({norm}));
  } else {
    optim::clip_grad_value(parameters, c.number("limit"));
  }
  for (const Tensor& parameter : parameters) results.push_back(parameter.grad());
  return results;
}

// Tensors: a parameter, and its values after each step. Results: the average after each.
Results run_ema(Call& c) {
  std::vector<Tensor> parameters = parameters_of(c, 1);
  optim::Ema ema(parameters, {.decay = c.number("decay"), .warmup = c.flag("warmup")});
  std::vector<Tensor> averages;
  for (std::int64_t t = 0; t < c[1].size(0); ++t) {
    {
      NoGrad no_grad;
      parameters[0].copy_(c[1].slice(0, t, t + 1).reshape(parameters[0].shape()));
    }
    ema.update();
    ema.swap();
    averages.push_back(parameters[0].detach().clone());
    ema.swap();
  }
  return {stack(averages)};
}

}  // namespace

void add_optimizers(Table& table) {
  enter_all(table, "optimizer", {}, run_optimizer);
  enter_all(table, "clip_grad", {}, run_clip);
  enter_all(table, "ema", {}, run_ema);
}

}  // namespace plastic::parity

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/optim/kinds.h"

namespace plastic::test {

using test::Kind;

template <class Optimizer, class Options>
Kind kind_of(const char* name, const Options& options) {
  return {name, [options](const std::vector<Tensor>& parameters) {
            return std::make_unique<Optimizer>(parameters, options);
          }};
}

/// NeuroPlastic with every branch of its rule, diagnostics on.
inline std::vector<Kind> neuroplastic_kinds() {
  using optim::HybridBase, optim::LrControllerMode, optim::ModulationTarget;
  using Options = optim::NeuroPlasticOptions;
  std::vector<Kind> kinds;
  const auto add = [&](const char* name, Options options) {
    options.lr = 0.1;
    options.diagnostics = true;
    kinds.push_back(kind_of<optim::NeuroPlastic>(name, options));
  };
  add("classic", {});
  add("classic, coupled decay", {.weight_decay = 0.1, .warmup_epochs = 3});
  add("classic, decoupled decay", {.weight_decay = 0.1, .decoupled_weight_decay = true});
  add("classic, gradient alone", {.mode = optim::NeuroPlasticMode::ablation_grad_only});
  add("classic, of whole tensors", {.parameterwise = false});
  add("bounded", {.bounded_residual = true});
  add("bounded, coupled decay", {.weight_decay = 0.1, .bounded_residual = true});
  add("orthogonal", {.orthogonal_residual = true});
  add("orthogonal, matched norm, late",
      {.weight_decay = 0.1,
       .orthogonal_residual = true,
       .orthogonal_lambda = 1,
       .orthogonal_normalization = optim::OrthogonalNormalization::match_grad_norm,
       .orthogonal_schedule = optim::OrthogonalSchedule::late});
  for (const ModulationTarget target :
       {ModulationTarget::gain, ModulationTarget::momentum, ModulationTarget::trust_ratio}) {
    add("on adamw",
        {.weight_decay = 0.1, .hybrid_base = HybridBase::adamw, .modulation_target = target});
    add("on sgd", {.weight_decay = 0.1,
                   .hybrid_base = HybridBase::sgd_momentum,
                   .modulation_target = target});
  }
  for (const LrControllerMode mode :
       {LrControllerMode::global, LrControllerMode::layerwise, LrControllerMode::classifier_only}) {
    add("classic, controlled", {.lr_controller_mode = mode, .controller_alpha = 1});
    add("on adamw, controlled",
        {.hybrid_base = HybridBase::adamw, .lr_controller_mode = mode, .controller_alpha = 1});
    add("orthogonal, controlled",
        {.orthogonal_residual = true, .lr_controller_mode = mode, .controller_alpha = 1});
  }
  return kinds;
}

/// Every branch of every rule.
inline std::vector<Kind> all_kinds() {
  using optim::Adam, optim::AdamW, optim::AdamOptions, optim::AdamWOptions;
  using optim::Lion, optim::LionOptions, optim::RmsProp, optim::RmsPropOptions;
  using optim::NAdam, optim::NAdamOptions, optim::RAdam, optim::RAdamOptions;
  using optim::Sgd, optim::SgdOptions;
  std::vector<Kind> kinds{
      kind_of<Sgd>("sgd", SgdOptions{.lr = 0.1}),
      kind_of<Sgd>("sgd, decay", SgdOptions{.lr = 0.1, .weight_decay = 0.1}),
      kind_of<Sgd>("sgd, momentum", SgdOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.5}),
      kind_of<Sgd>("sgd, nesterov",
                   SgdOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true, .weight_decay = 0.1}),
      kind_of<Adam>("adam", AdamOptions{.lr = 0.01}),
      kind_of<Adam>("adam, decay", AdamOptions{.lr = 0.01, .weight_decay = 0.1}),
      kind_of<AdamW>("adamw", AdamWOptions{.lr = 0.01, .weight_decay = 0.1}),
      kind_of<Lion>("lion", LionOptions{.lr = 0.01, .weight_decay = 0.1}),
      kind_of<RmsProp>("rmsprop", RmsPropOptions{.lr = 0.01, .weight_decay = 0.1}),
      kind_of<RmsProp>("rmsprop, all",
                       RmsPropOptions{.lr = 0.01, .momentum = 0.9, .centered = true}),
      kind_of<NAdam>("nadam", NAdamOptions{.lr = 0.01, .weight_decay = 0.1}),
      kind_of<NAdam>("nadamw",
                     NAdamOptions{.lr = 0.01, .weight_decay = 0.1, .decoupled_weight_decay = true}),
      kind_of<RAdam>("radam", RAdamOptions{.lr = 0.01, .weight_decay = 0.1}),
      kind_of<RAdam>(
          "radam, decoupled decay",
          RAdamOptions{.lr = 0.01, .weight_decay = 0.1, .decoupled_weight_decay = true})};
  for (Kind& kind : neuroplastic_kinds()) kinds.push_back(std::move(kind));
  return kinds;
}

/// Tensors of these sizes; the same numbers on every device.
inline std::vector<Tensor> parameters_of(const std::vector<std::int64_t>& sizes, Device device) {
  std::vector<Tensor> parameters;
  for (const std::int64_t size : sizes) {
    const int seed = static_cast<int>(parameters.size());
    const Tensor host = Tensor::from<float>(test::numbers(size, seed), {size});
    parameters.push_back(host.to(device).set_requires_grad());
  }
  return parameters;
}

/// Parameters of sizes around those of accesses and chunks.
inline std::vector<Tensor> odd_parameters(Device device) {
  return parameters_of({1, 3, 15, 16, 17, 2049, 4095, 4097}, device);
}

/// One of each way through the kernels.
inline std::vector<Kind> few_kinds() {
  using optim::HybridBase, optim::LrControllerMode;
  const optim::NeuroPlasticOptions classic{.lr = 0.1, .diagnostics = true};
  const optim::NeuroPlasticOptions hybrid{.lr = 0.1,
                                          .diagnostics = true,
                                          .hybrid_base = HybridBase::adamw,
                                          .lr_controller_mode = LrControllerMode::global};
  return {kind_of<optim::AdamW>("adamw", optim::AdamWOptions{.lr = 0.1}),
          kind_of<optim::NeuroPlastic>("classic", classic),
          kind_of<optim::NeuroPlastic>("on adamw, controlled", hybrid)};
}

/// Gradients of step `step`, in place where there are some, to those that `has` says have one.
template <class Has>
void give_gradients(std::vector<Tensor>& parameters, int step, Has has) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Tensor& parameter = parameters[i];
    if (!has(i)) {
      parameter.zero_grad();
      continue;
    }
    const auto values = test::numbers(parameter.numel(), 100 * step + static_cast<int>(i));
    const Tensor gradient = Tensor::from<float>(values, parameter.shape()).to(parameter.device());
    parameter.set_grad(gradient);
  }
}

inline bool always(std::size_t) { return true; }

}  // namespace plastic::test

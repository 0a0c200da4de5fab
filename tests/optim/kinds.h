#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "plastic/optim/adafactor.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/lamb.h"
#include "plastic/optim/lion.h"
#include "plastic/optim/muon.h"
#include "plastic/optim/nadam.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/prodigy.h"
#include "plastic/optim/radam.h"
#include "plastic/optim/rmsprop.h"
#include "plastic/optim/schedule_free.h"
#include "plastic/optim/sgd.h"
#include "tests/optim/helpers.h"

namespace plastic::test {

using Make = std::function<std::unique_ptr<optim::Optimizer>(const std::vector<Tensor>&)>;

struct Kind {
  const char* name;
  Make make;
};

/// One optimizer of each kind of state.
inline std::vector<Kind> kinds() {
  using optim::HybridBase;
  const auto neuroplastic = [](HybridBase base) {
    return [base](const std::vector<Tensor>& parameters) {
      return std::make_unique<optim::NeuroPlastic>(
          parameters,
          optim::NeuroPlasticOptions{.lr = 0.1, .warmup_epochs = 3, .hybrid_base = base});
    };
  };
  return {{"sgd",
           [](const auto& parameters) {
             return std::make_unique<optim::Sgd>(
                 parameters, optim::SgdOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.5});
           }},
          {"adam",
           [](const auto& parameters) {
             return std::make_unique<optim::Adam>(parameters, optim::AdamOptions{.lr = 0.1});
           }},
          {"adamw",
           [](const auto& parameters) {
             return std::make_unique<optim::AdamW>(
                 parameters, optim::AdamWOptions{.lr = 0.1, .weight_decay = 0.1});
           }},
          {"lion",
           [](const auto& parameters) {
             return std::make_unique<optim::Lion>(
                 parameters, optim::LionOptions{.lr = 0.1, .weight_decay = 0.1});
           }},
          {"rmsprop",
           [](const auto& parameters) {
             return std::make_unique<optim::RmsProp>(
                 parameters, optim::RmsPropOptions{.lr = 0.1, .momentum = 0.9, .centered = true});
           }},
          {"muon",
           [](const auto& parameters) {
             return std::make_unique<optim::Muon>(
                 parameters, optim::MuonOptions{.lr = 0.1, .weight_decay = 0.1, .adamw_lr = 0.1});
           }},
          {"lamb",
           [](const auto& parameters) {
             return std::make_unique<optim::Lamb>(parameters, optim::LambOptions{.lr = 0.1});
           }},
          {"adafactor",
           [](const auto& parameters) {
             return std::make_unique<optim::Adafactor>(
                 parameters, optim::AdafactorOptions{.lr = 0.1, .weight_decay = 0.1});
           }},
          {"prodigy",
           [](const auto& parameters) {
             return std::make_unique<optim::Prodigy>(
                 parameters, optim::ProdigyOptions{.lr = 0.1, .weight_decay = 0.1, .d0 = 0.1});
           }},
          {"nadam",
           [](const auto& parameters) {
             return std::make_unique<optim::NAdam>(
                 parameters, optim::NAdamOptions{.lr = 0.1, .weight_decay = 0.1});
           }},
          {"radam",
           [](const auto& parameters) {
             // Rectified from the sixth step on.
             return std::make_unique<optim::RAdam>(
                 parameters, optim::RAdamOptions{.lr = 0.1, .beta2 = 0.9, .weight_decay = 0.1});
           }},
          {"schedule-free sgd",
           [](const auto& parameters) {
             return std::make_unique<optim::ScheduleFreeSgd>(
                 parameters,
                 optim::ScheduleFreeSgdOptions{.lr = 0.1, .weight_decay = 0.1, .warmup_steps = 4});
           }},
          {"schedule-free adamw",
           [](const auto& parameters) {
             return std::make_unique<optim::ScheduleFreeAdamW>(
                 parameters, optim::ScheduleFreeAdamWOptions{.lr = 0.1, .weight_decay = 0.1});
           }},
          {"neuroplastic", neuroplastic(HybridBase::classic)},
          {"neuroplastic on adamw", neuroplastic(HybridBase::adamw)},
          {"neuroplastic on sgd", neuroplastic(HybridBase::sgd_momentum)}};
}

inline std::vector<Tensor> two_parameters() { return {parameter({3, 7}, 1), parameter({5}, 2)}; }

/// Steps `first` to `last`, the latter not included; an epoch is two steps.
inline void steps(optim::Optimizer& optimizer, std::vector<Tensor>& parameters, int first,
                  int last) {
  for (int i = first; i < last; ++i) {
    if (i % 2 == 0) optimizer.set_epoch(i / 2 + 1, 10);
    set_gradients(parameters, i);
    optimizer.step();
  }
}

}  // namespace plastic::test

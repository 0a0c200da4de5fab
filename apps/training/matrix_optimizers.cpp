#include "apps/training/matrix_optimizers.h"

#include <cstdint>

#include "plastic/optim/adafactor.h"
#include "plastic/optim/lamb.h"
#include "plastic/optim/muon.h"
#include "plastic/optim/prodigy.h"
#include "plastic/optim/soap.h"

namespace plastic::apps {
namespace {

using Parameters = std::vector<Tensor>;

std::unique_ptr<optim::Optimizer> make_muon(const OptimizerSettings& settings,
                                            const Parameters& parameters) {
  return std::make_unique<optim::Muon>(parameters,
                                       optim::MuonOptions{.lr = settings.lr,
                                                          .momentum = settings.number("momentum"),
                                                          .weight_decay = settings.weight_decay,
                                                          .adamw_lr = settings.number("adamw-lr"),
                                                          .adamw_beta1 = settings.number("beta1"),
                                                          .adamw_beta2 = settings.number("beta2")});
}

std::unique_ptr<optim::Optimizer> make_lamb(const OptimizerSettings& settings,
                                            const Parameters& parameters) {
  return std::make_unique<optim::Lamb>(parameters,
                                       optim::LambOptions{.lr = settings.lr,
                                                          .beta1 = settings.number("beta1"),
                                                          .beta2 = settings.number("beta2"),
                                                          .eps = settings.number("eps"),
                                                          .weight_decay = settings.weight_decay});
}

std::unique_ptr<optim::Optimizer> make_adafactor(const OptimizerSettings& settings,
                                                 const Parameters& parameters) {
  return std::make_unique<optim::Adafactor>(
      parameters, optim::AdafactorOptions{.lr = settings.lr,
                                          .beta2_decay = settings.number("beta2-decay"),
                                          .weight_decay = settings.weight_decay});
}

std::unique_ptr<optim::Optimizer> make_prodigy(const OptimizerSettings& settings,
                                               const Parameters& parameters) {
  return std::make_unique<optim::Prodigy>(
      parameters,
      optim::ProdigyOptions{.lr = settings.lr,
                            .beta1 = settings.number("beta1"),
                            .beta2 = settings.number("beta2"),
                            .eps = settings.number("eps"),
                            .weight_decay = settings.weight_decay,
                            .use_bias_correction = settings.is_on("use-bias-correction"),
                            .safeguard_warmup = settings.is_on("safeguard-warmup"),
                            .d0 = settings.number("d0"),
                            .d_coef = settings.number("d-coef")});
}

std::unique_ptr<optim::Optimizer> make_soap(const OptimizerSettings& settings,
                                            const Parameters& parameters) {
  const auto whole = [&](const char* name) {
    return static_cast<std::int64_t>(settings.number(name));
  };
  return std::make_unique<optim::Soap>(
      parameters, optim::SoapOptions{.lr = settings.lr,
                                     .beta1 = settings.number("beta1"),
                                     .beta2 = settings.number("beta2"),
                                     .eps = settings.number("eps"),
                                     .weight_decay = settings.weight_decay,
                                     .precondition_frequency = whole("precondition-frequency"),
                                     .max_precondition_dim = whole("max-precondition-dim")});
}

}  // namespace

std::vector<OptimizerEntry> matrix_optimizers() {
  return {
      {.name = "muon",
       .defaults =
           {.name = "muon",
            .lr = 0.02,
            .numbers = {{"momentum", 0.95}, {"adamw-lr", 3e-4}, {"beta1", 0.9}, {"beta2", 0.95}}},
       .make = make_muon},
      {.name = "lamb",
       .defaults = {.name = "lamb",
                    .lr = 0.01,
                    .weight_decay = 0.01,
                    .numbers = {{"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-6}}},
       .make = make_lamb},
      {.name = "adafactor",
       .defaults = {.name = "adafactor", .lr = 0.01, .numbers = {{"beta2-decay", -0.8}}},
       .make = make_adafactor},
      {.name = "prodigy",
       .defaults = {.name = "prodigy",
                    .lr = 1,
                    .numbers = {{"beta1", 0.9},
                                {"beta2", 0.999},
                                {"eps", 1e-8},
                                {"d0", 1e-6},
                                {"d-coef", 1.0}},
                    .switches = {{"use-bias-correction", false}, {"safeguard-warmup", false}}},
       .make = make_prodigy},
      {.name = "soap",
       .defaults = {.name = "soap",
                    .lr = 3e-3,
                    .weight_decay = 0.01,
                    .numbers = {{"beta1", 0.95},
                                {"beta2", 0.95},
                                {"eps", 1e-8},
                                {"precondition-frequency", 10},
                                // The authors' 10,000 takes minutes per eigenbasis on a CPU.
                                {"max-precondition-dim", 1024}}},
       .make = make_soap},
  };
}

}  // namespace plastic::apps

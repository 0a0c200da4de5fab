#include "optim/named/matrix_rows.h"

#include <cstdint>
#include <limits>
#include <optional>

#include "optim/named/maker.h"
#include "optim/named/whole_number.h"
#include "plastic/optim/adafactor.h"
#include "plastic/optim/lamb.h"
#include "plastic/optim/muon.h"
#include "plastic/optim/prodigy.h"
#include "plastic/optim/soap.h"

namespace plastic::optim {
namespace {

// An option that is 0 for no bound.
double bound(double given) { return given == 0 ? std::numeric_limits<double>::infinity() : given; }

MuonOptions muon_options(const OptimizerSettings& settings) {
  return {.lr = settings.lr,
          .momentum = settings.number("momentum"),
          .nesterov = settings.is_on("nesterov"),
          .weight_decay = settings.weight_decay,
          .ns_steps = static_cast<int>(whole_number(settings, "ns-steps")),
          .eps = settings.number("eps"),
          .adjust_lr =
              settings.is_on("match-rms-adamw") ? MuonRate::match_rms_adamw : MuonRate::original,
          .adamw_lr = settings.number("adamw-lr"),
          .adamw_beta1 = settings.number("beta1"),
          .adamw_beta2 = settings.number("beta2"),
          .adamw_eps = settings.number("adamw-eps")};
}

LambOptions lamb_options(const OptimizerSettings& settings) {
  return {.lr = settings.lr,
          .beta1 = settings.number("beta1"),
          .beta2 = settings.number("beta2"),
          .eps = settings.number("eps"),
          .weight_decay = settings.weight_decay,
          .bias_correction = settings.is_on("bias-correction"),
          .min_norm = settings.number("min-norm"),
          .max_norm = bound(settings.number("max-norm")),
          .adapt_vectors = settings.is_on("always-adapt")};
}

AdafactorOptions adafactor_options(const OptimizerSettings& settings) {
  return {.lr = settings.lr,
          .beta2_decay = settings.number("beta2-decay"),
          .eps1 = settings.number("eps1"),
          .eps2 = settings.number("eps2"),
          .d = settings.number("clip-threshold"),
          .weight_decay = settings.weight_decay};
}

ProdigyOptions prodigy_options(const OptimizerSettings& settings) {
  // The authors' rule where it is not given.
  std::optional<double> beta3;
  if (settings.number("beta3") != 0) beta3 = settings.number("beta3");
  return {.lr = settings.lr,
          .beta1 = settings.number("beta1"),
          .beta2 = settings.number("beta2"),
          .beta3 = beta3,
          .eps = settings.number("eps"),
          .weight_decay = settings.weight_decay,
          .decouple = settings.is_on("decouple"),
          .use_bias_correction = settings.is_on("use-bias-correction"),
          .safeguard_warmup = settings.is_on("safeguard-warmup"),
          .d0 = settings.number("d0"),
          .d_coef = settings.number("d-coef"),
          .growth_rate = bound(settings.number("growth-rate")),
          .slice_p = whole_number(settings, "slice-p")};
}

SoapOptions soap_options(const OptimizerSettings& settings) {
  std::optional<double> shampoo_beta;
  if (settings.number("shampoo-beta") >= 0) shampoo_beta = settings.number("shampoo-beta");
  return {.lr = settings.lr,
          .beta1 = settings.number("beta1"),
          .beta2 = settings.number("beta2"),
          .shampoo_beta = shampoo_beta,
          .eps = settings.number("eps"),
          .weight_decay = settings.weight_decay,
          .precondition_frequency = whole_number(settings, "precondition-frequency"),
          .max_precondition_dim = whole_number(settings, "max-precondition-dim"),
          .merge_dims = settings.is_on("merge-dims"),
          .precondition_1d = settings.is_on("precondition-1d"),
          .normalize_gradients = settings.is_on("normalize-gradients"),
          .correct_bias = settings.is_on("correct-bias")};
}

}  // namespace

std::vector<OptimizerEntry> matrix_rows() {
  return {
      {.name = "muon",
       .defaults = {.name = "muon",
                    .lr = 0.02,
                    .numbers = {{"momentum", 0.95},
                                {"ns-steps", 5},
                                {"eps", 1e-7},
                                {"adamw-lr", 3e-4},
                                {"beta1", 0.9},
                                {"beta2", 0.95},
                                {"adamw-eps", 1e-10}},
                    .switches = {{"nesterov", true}, {"match-rms-adamw", false}}},
       .make = maker<Muon, MuonGroup>(muon_options)},
      {.name = "lamb",
       .defaults = {.name = "lamb",
                    .lr = 0.01,
                    .weight_decay = 0.01,
                    .numbers = {{"beta1", 0.9},
                                {"beta2", 0.999},
                                {"eps", 1e-6},
                                {"min-norm", 0},
                                {"max-norm", 0}},
                    .switches = {{"bias-correction", true}, {"always-adapt", false}}},
       .make = maker<Lamb, LambGroup>(lamb_options)},
      {.name = "adafactor",
       .defaults = {.name = "adafactor",
                    .lr = 0.01,
                    .numbers = {{"beta2-decay", -0.8},
                                {"eps1", AdafactorOptions().eps1},
                                {"eps2", 1e-3},
                                {"clip-threshold", 1}}},
       .make = maker<Adafactor, AdafactorGroup>(adafactor_options)},
      {.name = "prodigy",
       .defaults = {.name = "prodigy",
                    .lr = 1,
                    .numbers = {{"beta1", 0.9},
                                {"beta2", 0.999},
                                {"eps", 1e-8},
                                {"d0", 1e-6},
                                {"d-coef", 1.0},
                                {"beta3", 0},
                                {"growth-rate", 0},
                                {"slice-p", 1}},
                    .switches = {{"decouple", true},
                                 {"use-bias-correction", false},
                                 {"safeguard-warmup", false}}},
       .make = maker<Prodigy, ProdigyGroup>(prodigy_options)},
      {.name = "soap",
       .defaults = {.name = "soap",
                    .lr = 3e-3,
                    .weight_decay = 0.01,
                    .numbers = {{"beta1", 0.95},
                                {"beta2", 0.95},
                                {"eps", 1e-8},
                                {"precondition-frequency", 10},
                                // The authors' 10,000 takes minutes per eigenbasis on a CPU.
                                {"max-precondition-dim", 1024},
                                {"shampoo-beta", -1}},
                    .switches = {{"merge-dims", false},
                                 {"precondition-1d", false},
                                 {"normalize-gradients", false},
                                 {"correct-bias", true}}},
       .make = maker<Soap, SoapGroup>(soap_options)},
  };
}

}  // namespace plastic::optim

// Optimizers over whole tensors against PyTorch's and other packages':
// tests/optim/golden/make_matrix_trajectories.py.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "plastic/core/ops/elementwise.h"
#include "plastic/optim/adafactor.h"
#include "plastic/optim/lamb.h"
#include "plastic/optim/muon.h"
#include "plastic/optim/prodigy.h"
#include "plastic/optim/soap.h"
#include "tests/cuda/device.h"
#include "tests/optim/golden.h"
#include "tests/support/paths.h"

using namespace plastic;
using test::Json;

namespace {

using Parameters = std::vector<Tensor>;

std::unique_ptr<optim::Optimizer> make_muon(const Json& json, const Parameters& parameters) {
  optim::MuonOptions options{.lr = json.at("lr"),
                             .momentum = json.at("momentum"),
                             .nesterov = json.at("nesterov"),
                             .weight_decay = json.at("weight_decay"),
                             .ns_steps = json.at("ns_steps"),
                             .eps = json.at("eps"),
                             .adamw_lr = json.at("adamw_lr"),
                             .adamw_beta1 = json.at("adamw_betas")[0],
                             .adamw_beta2 = json.at("adamw_betas")[1],
                             .adamw_eps = json.at("adamw_eps")};
  for (std::size_t i = 0; i < 3; ++i) options.ns_coefficients[i] = json.at("ns_coefficients")[i];
  const std::string rate = json.at("adjust_lr_fn");
  options.adjust_lr = rate == "original"          ? optim::MuonRate::original
                      : rate == "match_rms_adamw" ? optim::MuonRate::match_rms_adamw
                                                  : optim::MuonRate::spectral_unclamped;
  return std::make_unique<optim::Muon>(parameters, options);
}

std::unique_ptr<optim::Optimizer> make_lamb(const Json& json, const Parameters& parameters) {
  optim::LambOptions options{.lr = json.at("lr"),
                             .beta1 = json.at("betas")[0],
                             .beta2 = json.at("betas")[1],
                             .eps = json.at("eps"),
                             .weight_decay = json.at("weight_decay"),
                             .bias_correction = json.at("bias_correction"),
                             .adapt_vectors = json.at("adapt_vectors")};
  options.max_norm = json.value("max_norm", options.max_norm);
  return std::make_unique<optim::Lamb>(parameters, options);
}

std::unique_ptr<optim::Optimizer> make_adafactor(const Json& json, const Parameters& parameters) {
  optim::AdafactorOptions options{.lr = json.at("lr"),
                                  .beta2_decay = json.at("beta2_decay"),
                                  .eps2 = json.at("eps")[1],
                                  .d = json.at("d"),
                                  .weight_decay = json.at("weight_decay")};
  if (!json.at("eps")[0].is_null()) options.eps1 = json.at("eps")[0];
  return std::make_unique<optim::Adafactor>(parameters, options);
}

std::unique_ptr<optim::Optimizer> make_prodigy(const Json& json, const Parameters& parameters) {
  optim::ProdigyOptions options{.lr = json.at("lr"),
                                .beta1 = json.at("betas")[0],
                                .beta2 = json.at("betas")[1],
                                .eps = json.at("eps"),
                                .weight_decay = json.at("weight_decay"),
                                .decouple = json.at("decouple"),
                                .use_bias_correction = json.at("use_bias_correction"),
                                .safeguard_warmup = json.at("safeguard_warmup"),
                                .d0 = json.at("d0"),
                                .d_coef = json.at("d_coef"),
                                .growth_rate = json.at("growth_rate"),
                                .slice_p = json.at("slice_p")};
  if (!json.at("beta3").is_null()) options.beta3 = json.at("beta3").get<double>();
  return std::make_unique<optim::Prodigy>(parameters, options);
}

std::unique_ptr<optim::Optimizer> make_soap(const Json& json, const Parameters& parameters) {
  optim::SoapOptions options{.lr = json.at("lr"),
                             .beta1 = json.at("betas")[0],
                             .beta2 = json.at("betas")[1],
                             .eps = json.at("eps"),
                             .weight_decay = json.at("weight_decay"),
                             .precondition_frequency = json.at("precondition_frequency"),
                             .max_precondition_dim = json.at("max_precondition_dim"),
                             .merge_dims = json.at("merge_dims"),
                             .precondition_1d = json.at("precondition_1d"),
                             .normalize_gradients = json.at("normalize_gradient"),
                             .correct_bias = json.at("correct_bias")};
  if (!json.at("shampoo_beta").is_null()) {
    options.shampoo_beta = json.at("shampoo_beta").get<double>();
  }
  return std::make_unique<optim::Soap>(parameters, options);
}

std::unique_ptr<optim::Optimizer> make_optimizer(const std::string& name, const Json& options,
                                                 const Parameters& parameters) {
  if (name == "muon") return make_muon(options, parameters);
  if (name == "lamb") return make_lamb(options, parameters);
  if (name == "adafactor") return make_adafactor(options, parameters);
  if (name == "prodigy") return make_prodigy(options, parameters);
  return make_soap(options, parameters);
}

/// The tensors of one list, of the file's shapes.
Parameters tensors_of(const Json& file, const Json& list, Device device) {
  Parameters out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Shape shape(file.at("shapes")[i].get<std::vector<std::int64_t>>());
    out.push_back(Tensor::from<float>(test::values_of(list[i]), shape).to(device));
  }
  return out;
}

void check_case(const Json& file, const Json& test_case, Device device) {
  Parameters parameters = tensors_of(file, file.at("start"), device);
  for (Tensor& parameter : parameters) parameter.set_requires_grad();
  const Parameters targets = tensors_of(file, file.at("targets"), device);
  const auto optimizer =
      make_optimizer(test_case.at("optimizer"), test_case.at("options"), parameters);
  const double pull = test_case.at("pull");
  const Json& noise = file.at("noise");
  for (std::size_t step = 1; step <= noise.size(); ++step) {
    const Parameters pushes = tensors_of(file, noise[step - 1], device);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      // The last parameter joins late.
      if (i + 1 == parameters.size() && step < 3) continue;
      Tensor gradient = parameters[i].detach() - targets[i];
      parameters[i].set_grad(gradient.mul_(pull).add_(pushes[i]));
    }
    optimizer->step();
    const auto kept = test_case.at("after").find(std::to_string(step));
    if (kept == test_case.at("after").end()) continue;
    CAPTURE(step);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      CAPTURE(i);
      const test::Values expected = test::values_of((*kept)[i]);
      CHECK(test::relative_error(parameters[i].to_vector<float>(), expected) <= 1e-5);
    }
  }
}

/// Runs every case of one optimizer; returns how many there were.
int check_cases(const std::string& optimizer_name, Device device) {
  static const Json file =
      test::read_json(test::test_folder() / "optim/golden/matrix_trajectories.json");
  int count = 0;
  for (const Json& test_case : file.at("cases")) {
    if (test_case.at("optimizer") != optimizer_name) continue;
    ++count;
    INFO("options ", test_case.at("options").dump());
    check_case(file, test_case, device);
  }
  return count;
}

}  // namespace

TEST_CASE("optim.muon.torch") { CHECK(check_cases("muon", Device{}) == 10); }
TEST_CASE("optim.lamb.package") { CHECK(check_cases("lamb", Device{}) == 9); }
TEST_CASE("optim.adafactor.torch") { CHECK(check_cases("adafactor", Device{}) == 7); }
TEST_CASE("optim.prodigy.package") { CHECK(check_cases("prodigy", Device{}) == 13); }
TEST_CASE("optim.soap.package") { CHECK(check_cases("soap", Device{}) == 11); }

TEST_CASE("cuda.optim.matrix") {
  if (!test::has_cuda_device()) return;
  CHECK(check_cases("muon", test::cuda_device) == 10);
  CHECK(check_cases("lamb", test::cuda_device) == 9);
  CHECK(check_cases("adafactor", test::cuda_device) == 7);
  CHECK(check_cases("prodigy", test::cuda_device) == 13);
  CHECK(check_cases("soap", test::cuda_device) == 11);
}

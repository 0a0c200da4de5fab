// Optimizers and gradients whose squares do not fit into f32.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "plastic/core/ops/elementwise.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/sgd.h"
#include "tests/cuda/device.h"
#include "tests/optim/helpers.h"

using namespace plastic;
using namespace plastic::test;
using optim::NeuroPlastic;
using optim::NeuroPlasticOptions;
using optim::Sgd;
using optim::SgdOptions;
using plastic::test::cuda_device;
using plastic::test::has_cuda_device;

namespace {

std::vector<NeuroPlasticOptions> variants() {
  std::vector<NeuroPlasticOptions> all(9, {.lr = 0.1, .diagnostics = true});
  all[1].weight_decay = 0.1;
  all[2].bounded_residual = true;
  all[3].orthogonal_residual = true;
  all[4].hybrid_base = optim::HybridBase::adamw;
  all[5].hybrid_base = optim::HybridBase::sgd_momentum;
  all[6].parameterwise = false;
  all[7].lr_controller_mode = optim::LrControllerMode::global;
  all[8].hybrid_base = optim::HybridBase::adamw;
  all[8].modulation_target = optim::ModulationTarget::momentum;
  return all;
}

struct Training {
  std::vector<std::vector<float>> values;
  optim::NeuroPlasticDiagnostics diagnostics;
};

/// Three steps with gradients of up to 100 times `unit`.
Training trained(const NeuroPlasticOptions& options, double unit, Device device) {
  std::vector<Tensor> parameters;
  for (const auto& [size, seed] : std::vector<std::pair<std::int64_t, int>>{{5000, 1}, {30, 2}}) {
    parameters.push_back(parameter({size}, seed).detach().to(device).set_requires_grad());
  }
  NeuroPlastic optimizer(parameters, options);
  for (int i = 1; i < 4; ++i) {
    for (std::size_t j = 0; j < parameters.size(); ++j) {
      const Tensor g = parameter(parameters[j].shape(), i + static_cast<int>(j)).detach();
      parameters[j].set_grad((g * 1000.0 * unit).to(device));
    }
    optimizer.set_epoch(i, 3);
    optimizer.step();
  }
  Training out{{}, *optimizer.last_diagnostics()};
  for (const Tensor& tensor : parameters) {
    out.values.push_back(tensor.detach().to(Device{}).to_vector<float>());
  }
  return out;
}

double largest_difference(const Training& a, const Training& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    for (std::size_t j = 0; j < a.values[i].size(); ++j) {
      const double difference = std::abs(static_cast<double>(a.values[i][j] - b.values[i][j]));
      if (!(difference <= worst)) worst = difference;
    }
  }
  return worst;
}

/// Every signal is a quotient by its mean and every update is limited to a norm of 1: the unit of
/// the gradient does not matter. Decay is another matter: it does not grow with the gradient.
void check_unit_does_not_matter(Device device) {
  int which = 0;
  for (const NeuroPlasticOptions& options : variants()) {
    CAPTURE(which++);
    const Training usual = trained(options, 0x1p10, device);
    for (const double unit : {0x1p40, 0x1p59}) {
      CAPTURE(unit);
      const Training large = trained(options, unit, device);
      CHECK(largest_difference(large, usual) <= 1e-5);
      const double times = unit / 0x1p10;
      CHECK(large.diagnostics.raw_gradient_norm ==
            doctest::Approx(usual.diagnostics.raw_gradient_norm * times).epsilon(1e-6));
      CHECK(large.diagnostics.parameter_norm ==
            doctest::Approx(usual.diagnostics.parameter_norm).epsilon(1e-5));
      CHECK(large.diagnostics.effective_update_norm ==
            doctest::Approx(usual.diagnostics.effective_update_norm).epsilon(1e-4));
    }
    // v is at its end, and some other signals near theirs: numbers all the same.
    for (const double unit : {0x1p80, 0x1p118}) {
      CAPTURE(unit);
      const Training largest = trained(options, unit, device);
      CHECK(largest_difference(largest, usual) <= 1);
      CHECK(std::isfinite(largest.diagnostics.raw_update_norm));
    }
    const Training tiny = trained(options, 0x1p-100, device);
    CHECK(largest_difference(tiny, tiny) == 0);
    CHECK(tiny.diagnostics.raw_gradient_norm ==
          doctest::Approx(std::ldexp(usual.diagnostics.raw_gradient_norm, -110))
              .epsilon(1e-6)
              .scale(0));
  }
}

}  // namespace

TEST_CASE("optim.neuroplastic.gradients_near_the_largest_number") {
  int which = 0;
  for (const NeuroPlasticOptions& options : variants()) {
    CAPTURE(which++);
    for (const float g : {1.6e38F, 1.8e38F, 3.4e38F}) {
      CAPTURE(g);
      Tensor w = Tensor::ones({2}).set_requires_grad();
      NeuroPlastic optimizer({w}, options);
      w.set_grad(Tensor::of({g, 1}, {2}));
      optimizer.step();
      for (const float value : w.to_vector<float>()) CHECK(std::abs(value) < 2);
    }
  }
}

TEST_CASE("optim.sgd.infinities_meet_no_zero") {
  const float inf = std::numeric_limits<float>::infinity();
  const auto after = [](float theta, float g, const SgdOptions& options) {
    Tensor w = Tensor::of({theta, theta}, {2}).set_requires_grad();
    Sgd optimizer({w}, options);
    w.set_grad(Tensor::of({g, g}, {2}));
    optimizer.step();
    return w.to_vector<float>()[1];
  };
  for (const double momentum : {0.0, 0.9}) {
    CAPTURE(momentum);
    CHECK(after(inf, 0, {.lr = 0.1, .momentum = momentum}) == inf);
    CHECK(after(1, inf, {.lr = 0.1, .momentum = momentum}) == -inf);
  }
}

TEST_CASE("optim.neuroplastic.the_unit_of_the_gradient_does_not_matter") {
  check_unit_does_not_matter(Device{});
}

TEST_CASE("cuda.optim.neuroplastic.the_unit_of_the_gradient_does_not_matter") {
  if (!has_cuda_device()) return;
  check_unit_does_not_matter(cuda_device);
}

TEST_CASE("optim.neuroplastic.a_huge_gradient_is_forgotten") {
  std::vector<Tensor> parameters{parameter({64}, 1)};
  NeuroPlastic optimizer(parameters, {.lr = 0.01, .diagnostics = true});
  parameters[0].set_grad(Tensor::full({64}, 1e25));
  optimizer.step();
  for (int i = 0; i < 12'000; ++i) {
    parameters[0].set_grad(Tensor::full({64}, 0.01));
    optimizer.step();
  }
  // All elements are alike: every signal is 1, and so is α, which v = ∞ would make 0.8.
  CHECK(optimizer.last_diagnostics()->alpha_mean == doctest::Approx(1).epsilon(1e-4));
}

TEST_CASE("optim.neuroplastic.the_deviation_of_equal_alphas_is_0") {
  std::vector<Tensor> parameters{parameter({3000}, 1)};
  NeuroPlastic optimizer(
      parameters, {.lr = 0.01, .diagnostics = true, .min_alpha = 1.7, .max_alpha = 1.7000001});
  set_gradients(parameters, 1);
  optimizer.step();
  CHECK(optimizer.last_diagnostics()->alpha_mean == doctest::Approx(1.7).epsilon(1e-6));
  CHECK(optimizer.last_diagnostics()->alpha_std < 1e-6);
}

// PyTorch 2.15, torch.optim.Adam, three steps: a large gradient and two of 1.
TEST_CASE("optim.adam.large_gradients_as_torch") {
  const auto trained_by = [](double first) {
    Tensor p = Tensor::ones({1}).set_requires_grad();
    optim::Adam optimizer(std::vector<Tensor>{p}, optim::AdamOptions{.lr = 0.1});
    std::vector<double> values;
    for (int i = 0; i < 3; ++i) {
      p.set_grad(Tensor::full({1}, i == 0 ? first : 1));
      optimizer.step();
      values.push_back(p.item());
    }
    return values;
  };
  for (const double first : {1e19, 1e20, 5e20}) {
    CAPTURE(first);
    const std::vector<double> values = trained_by(first);
    CHECK(values[0] == doctest::Approx(0.9).epsilon(2e-7));
    CHECK(values[1] == doctest::Approx(0.8329942226409912).epsilon(2e-7));
    CHECK(values[2] == doctest::Approx(0.7811985015869141).epsilon(2e-7));
  }
  // Its square does not fit into f32 either way.
  CHECK(trained_by(1e21) == std::vector<double>{1, 1, 1});
}

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/nn/group_norm.h"
#include "plastic/nn/rms_norm.h"

namespace plastic {
namespace {

double worst(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

TEST_CASE("nn.group_norm.is_the_formula") {
  Generator generator{.seed = 5};
  const Tensor x = normal({2, 6, 3, 4}, 3, 2, generator, DType::f64);
  nn::GroupNorm norm(3, 6, {.affine = false});
  const Tensor groups = x.reshape({2, 3, 24});
  const Tensor mean_of = mean(groups, {2}, true);
  const Tensor expected =
      ((groups - mean_of) * rsqrt(var(groups, {2}, true, 0) + 1e-5)).reshape({2, 6, 3, 4});
  CHECK(worst(norm(x), expected) < 1e-12);
  // Images that lie channels-last have the same values.
  const Tensor last = x.permute({0, 2, 3, 1}).contiguous().permute({0, 3, 1, 2});
  CHECK(worst(norm(last), expected) < 1e-12);
  // One group for each channel, whose weight and bias are its own.
  nn::GroupNorm affine(6, 6);
  const NoGrad no_grad;
  affine.weight.copy_(Tensor::arange(6));
  affine.bias.copy_(Tensor::arange(6) * 10.0);
  const Tensor y = affine(x.to(DType::f32));
  const Tensor means = mean(y, {0, 2, 3});
  for (std::int64_t channel = 0; channel < 6; ++channel) {
    CHECK(means.slice(0, channel, channel + 1).clone().item() ==
          doctest::Approx(10.0 * static_cast<double>(channel)).epsilon(1e-5));
  }
}

TEST_CASE("nn.group_norm.gradients") {
  nn::GroupNorm norm(2, 4, {.affine = false});
  Generator generator{.seed = 7};
  Tensor x = normal({2, 4, 3}, 1, 2, generator, DType::f64).set_requires_grad();
  const Tensor inputs[] = {x};
  const GradcheckResult result =
      gradcheck([&](std::span<const Tensor> in) { return norm.forward(in[0]); }, inputs);
  CHECK_MESSAGE(result.passed, result.message);
}

TEST_CASE("nn.rms_norm.is_the_formula_with_pytorchs_eps") {
  // mean x² is 12.5.
  nn::RMSNorm norm({2});
  const std::vector<float> y = norm(Tensor::of({3, 4}, {1, 2})).to_vector<float>();
  CHECK(y[0] == doctest::Approx(3 / std::sqrt(12.5)));
  CHECK(y[1] == doctest::Approx(4 / std::sqrt(12.5)));
  // Beside eps = 2⁻²³, x² = 2⁻²³ is half.
  const float small = 0x1p-12F * std::sqrt(2.0F);
  nn::RMSNorm plain({1}, {.affine = false});
  CHECK(plain(Tensor::of({small}, {1})).item() == doctest::Approx(std::sqrt(0.5)));
  CHECK(plain(Tensor::of({small}, {1}).to(DType::f64)).item() == doctest::Approx(1));
  CHECK(norm.state_dict().size() == 1);
  CHECK(plain.state_dict().empty());
  Generator generator{.seed = 7};
  nn::RMSNorm wide({3}, {.eps = 0.1, .affine = false});
  const Tensor inputs[] = {normal({4, 3}, 0, 2, generator, DType::f64).set_requires_grad()};
  const GradcheckResult result =
      gradcheck([&](std::span<const Tensor> in) { return wide.forward(in[0]); }, inputs);
  CHECK_MESSAGE(result.passed, result.message);
}

TEST_CASE("nn.norm_modules.errors") {
  CHECK_THROWS_WITH_AS(nn::GroupNorm(4, 6), doctest::Contains("no multiple of groups"), Error);
  CHECK_THROWS_WITH_AS(nn::GroupNorm(2, 6, {.eps = -1}), doctest::Contains("[GroupNorm] eps is -1"),
                       Error);
  nn::GroupNorm norm(2, 2);
  CHECK_THROWS_WITH_AS(norm(Tensor::zeros({2, 3})), doctest::Contains("does not have 2 channels"),
                       Error);
  CHECK_THROWS_WITH_AS(norm(Tensor::zeros({1, 2})), doctest::Contains("single value per group"),
                       Error);
  CHECK(norm(Tensor::zeros({0, 2, 3})).shape() == Shape{0, 2, 3});
  CHECK_THROWS_WITH_AS(nn::RMSNorm({}), doctest::Contains("needs one axis or more"), Error);
  nn::RMSNorm rms({3});
  CHECK_THROWS_WITH_AS(rms(Tensor::zeros({3, 2})),
                       "[RMSNorm] the last axes of the input (3, 2) are not (3,)", Error);
}

}  // namespace
}  // namespace plastic

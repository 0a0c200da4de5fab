#include "plastic/optim/clip.h"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>

#include "plastic/core/device.h"
#include "plastic/core/ops.h"
#include "plastic/optim/sgd.h"
#include "tests/optim/helpers.h"

using namespace plastic;
using namespace plastic::test;

namespace {

/// Gradients (3, 0) and (0, 0, -4), of norm 5, and a parameter without one.
std::vector<Tensor> three_four_five() {
  std::vector<Tensor> parameters = {parameter({2}, 1), parameter({1, 3}, 2), parameter({4}, 3)};
  parameters[0].set_grad(Tensor::of({3, 0}, {2}));
  parameters[1].set_grad(Tensor::of({0, 0, -4}, {1, 3}));
  return parameters;
}

}  // namespace

TEST_CASE("optim.clip.norm") {
  std::vector<Tensor> parameters = three_four_five();
  CHECK(optim::clip_grad_norm(parameters, 5.1) == 5);
  CHECK(parameters[0].grad().to_vector<float>() == std::vector<float>{3, 0});
  CHECK(optim::clip_grad_norm(parameters, INFINITY) == 5);
  CHECK(parameters[1].grad().to_vector<float>() == std::vector<float>{0, 0, -4});

  CHECK(optim::clip_grad_norm(parameters, 1) == 5);
  CHECK(parameters[0].grad().to_vector<float>()[0] == doctest::Approx(0.6));
  CHECK(parameters[1].grad().to_vector<float>()[2] == doctest::Approx(-0.8));
  CHECK_FALSE(parameters[2].grad().defined());
  CHECK(optim::clip_grad_norm({}, 1) == 0);
}

TEST_CASE("optim.clip.norm_in_an_optimizer") {
  // The optimizer steps along what was clipped in its own memory.
  std::vector<Tensor> parameters = {parameter({2}, 1)};
  optim::Sgd optimizer(parameters, {.lr = 1});
  const std::vector<float> before = parameters[0].to_vector<float>();
  sum(parameters[0] * Tensor::of({30, 40}, {2})).backward();
  CHECK(optim::clip_grad_norm(parameters, 5) == doctest::Approx(50));
  optimizer.step();
  CHECK(parameters[0].to_vector<float>()[0] == doctest::Approx(before[0] - 3));
  CHECK(parameters[0].to_vector<float>()[1] == doctest::Approx(before[1] - 4));
}

TEST_CASE("optim.clip.norm_is_the_same_for_any_number_of_threads") {
  const int threads = num_threads();
  std::vector<Tensor> parameters = {parameter({300, 301}, 1), parameter({17}, 2)};
  set_gradients(parameters, 4);
  double square = 0;
  for (const Tensor& tensor : parameters) square += std::pow(norm(tensor.grad()).item(), 2);
  set_num_threads(1);
  const double one = optim::clip_grad_norm(parameters, INFINITY);
  set_num_threads(4);
  CHECK(optim::clip_grad_norm(parameters, INFINITY) == one);
  set_num_threads(threads);
  CHECK(one == doctest::Approx(std::sqrt(square)).epsilon(1e-6));
}

TEST_CASE("optim.clip.norm_of_what_is_not_dense") {
  std::vector<Tensor> parameters = {parameter({3, 2}, 1)};
  parameters[0].set_grad(Tensor::of({1, 2, 3, 4, 5, 6}, {2, 3}).transpose(0, 1));
  const double length = std::sqrt(91.0);
  CHECK(optim::clip_grad_norm(parameters, 1) == doctest::Approx(length));
  CHECK(parameters[0].grad().contiguous().to_vector<float>()[1] == doctest::Approx(4 / length));

  parameters.push_back(Tensor::ones({2}, {.dtype = DType::f64, .requires_grad = true}));
  parameters[1].set_grad(Tensor::full({2}, 2, {.dtype = DType::f64}));
  CHECK(optim::clip_grad_norm(parameters, INFINITY) == doctest::Approx(3));
}

TEST_CASE("optim.clip.a_parameter_given_twice_counts_once") {
  std::vector<Tensor> parameters = three_four_five();
  parameters.push_back(parameters[0]);
  CHECK(optim::clip_grad_norm(parameters, 1) == 5);
  CHECK(parameters[0].grad().to_vector<float>()[0] == doctest::Approx(0.6));
  // Two parameters with one gradient: each has it, and it is scaled once.
  std::vector<Tensor> pair = {parameter({2}, 1), parameter({2}, 2)};
  const Tensor gradient = Tensor::of({3, 0}, {2});
  for (Tensor& tensor : pair) tensor.set_grad(gradient);
  CHECK(optim::clip_grad_norm(pair, 1) == doctest::Approx(3 * std::sqrt(2.0)));
  CHECK(gradient.to_vector<float>()[0] == doctest::Approx(std::sqrt(0.5)));
}

TEST_CASE("optim.clip.norms_at_the_ends_of_the_range") {
  for (const double unit : {1e200, 1e-200, 5e-324}) {
    CAPTURE(unit);
    std::vector<Tensor> parameters = {
        Tensor::ones({2}, {.dtype = DType::f64, .requires_grad = true})};
    parameters[0].set_grad(Tensor::from<double>(std::vector{3 * unit, 4 * unit}, {2}));
    CHECK(optim::clip_grad_norm(parameters, INFINITY) / unit == doctest::Approx(5));
  }
  std::vector<Tensor> parameters = {parameter({2}, 1)};
  parameters[0].set_grad(Tensor::of({3e37F, 4e37F}, {2}));
  CHECK(optim::clip_grad_norm(parameters, 1) == doctest::Approx(5e37));
  CHECK(parameters[0].grad().to_vector<float>()[1] == doctest::Approx(0.8));
  parameters[0].set_grad(Tensor::of({3e-44F, 4e-44F}, {2}));
  CHECK(optim::clip_grad_norm(parameters, 1) == doctest::Approx(5e-44).epsilon(0.03));
  parameters[0].set_grad(Tensor::zeros({2}));
  CHECK(optim::clip_grad_norm(parameters, 1) == 0);
  parameters[0].set_grad(Tensor::of({NAN, INFINITY}, {2}));
  CHECK(std::isnan(optim::clip_grad_norm(parameters, INFINITY)));
}

TEST_CASE("optim.clip.norm_not_finite") {
  std::vector<Tensor> parameters = three_four_five();
  parameters[0].set_grad(Tensor::of({INFINITY, 1}, {2}));
  const std::string message =
      error_of([&] { optim::clip_grad_norm(parameters, 1, /*error_if_nonfinite=*/true); });
  CHECK(contains(message, "[clip_grad_norm] the norm of the gradients is inf"));
  CHECK(parameters[0].grad().to_vector<float>()[1] == 1);
  CHECK(std::isinf(optim::clip_grad_norm(parameters, 1)));
  CHECK(parameters[1].grad().to_vector<float>()[2] == 0);
  CHECK(contains(error_of([&] { optim::clip_grad_norm(parameters, 0); }), "max_norm is 0"));
}

TEST_CASE("optim.clip.value") {
  std::vector<Tensor> parameters = three_four_five();
  parameters[0].set_grad(Tensor::of({0.5, NAN}, {2}));
  optim::clip_grad_value(parameters, 2);
  CHECK(parameters[0].grad().to_vector<float>()[0] == 0.5F);
  CHECK(std::isnan(parameters[0].grad().to_vector<float>()[1]));
  CHECK(parameters[1].grad().to_vector<float>() == std::vector<float>{0, 0, -2});
  CHECK(contains(error_of([&] { optim::clip_grad_value(parameters, NAN); }), "limit is nan"));
}

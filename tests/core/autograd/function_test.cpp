// An operation written outside the library, against public headers alone: Mish (arXiv 1908.08681).
#include "plastic/core/function.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace {

using plastic::DType;
using plastic::Shape;
using plastic::Tensor;
using plastic::autograd::Gradients;
using plastic::autograd::Inputs;
using plastic::autograd::Saved;

/// x · tanh(softplus(x))
Tensor mish(const Tensor& x) {
  const Tensor plain = x.detach();
  const Tensor t = tanh(softplus(plain));
  return plastic::autograd::record(
      "mish", plain * t, {x},
      [x = Saved("mish", x), t = Saved("mish", t)](const Tensor& g, const Inputs&) -> Gradients {
        const Tensor& s = t.get();
        return {g * (s + x.get() * (1 - s * s) * sigmoid(x.get()))};
      });
}

/// a · b of one shape, which computes only the gradients that are asked for.
Tensor product(const Tensor& a, const Tensor& b, int& computed) {
  return plastic::autograd::record("product", a.detach() * b.detach(), {a, b},
                                   [a = Saved("product", a), b = Saved("product", b), &computed](
                                       const Tensor& g, const Inputs& in) -> Gradients {
                                     Gradients gradients(2);
                                     if (in.needs(0)) gradients[0] = g * b.get();
                                     if (in.needs(1)) gradients[1] = g * a.get();
                                     computed += in.needs(0) + in.needs(1);
                                     return gradients;
                                   });
}

Tensor drawn(const Shape& shape, DType dtype = DType::f64) {
  plastic::Generator generator{.seed = 5};
  return plastic::uniform(shape, -3, 3, generator, DType::f64).to(dtype);
}

TEST_CASE("core.function.values_and_gradients") {
  const Tensor x = Tensor::of({-20, -1, 0, 1, 20}, {5}).set_requires_grad();
  const Tensor y = mish(x);
  CHECK(y.requires_grad());
  sum(y).backward();
  for (std::size_t i = 0; i < 5; ++i) {
    const double v = x.to_vector<float>()[i];
    const double t = std::tanh(std::log1p(std::exp(v)));
    CHECK(y.to_vector<float>()[i] == doctest::Approx(v * t).epsilon(1e-5));
    const double slope = t + v * (1 - t * t) / (1 + std::exp(-v));
    CHECK(x.grad().to_vector<float>()[i] == doctest::Approx(slope).epsilon(1e-5));
  }
}

TEST_CASE("core.function.gradcheck_of_any_layout") {
  const auto check = [](const Tensor& input) {
    Tensor x = input;
    x.set_requires_grad();
    const Tensor inputs[] = {x};
    const auto result =
        plastic::gradcheck([](std::span<const Tensor> in) { return mish(in[0]); }, inputs);
    CHECK_MESSAGE(result.passed, result.message);
  };
  check(drawn({3, 4}));
  check(drawn({}));
  check(drawn({0, 4}));
  check(drawn({4, 3}).transpose(0, 1));
  check(drawn({3, 8}).slice(1, 0, 8, 2));
  check(drawn({3, 1}).expand({3, 4}).clone());
  // The gradient arrives expanded, and passes on through a broadcast.
  const Tensor row = drawn({4}).set_requires_grad();
  sum(mish(row.expand({3, 4}))).backward();
  const Tensor alone = row.detach().clone().set_requires_grad();
  (sum(mish(alone)) * 3).backward();
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(row.grad().to_vector<double>()[i] ==
          doctest::Approx(alone.grad().to_vector<double>()[i]));
  }
}

TEST_CASE("core.function.an_input_used_twice_gets_both_gradients") {
  const Tensor x = Tensor::of({2, 3}, {2}).set_requires_grad();
  int computed = 0;
  sum(product(x, x, computed)).backward();
  CHECK(x.grad().to_vector<float>() == std::vector<float>{4, 6});
  CHECK(computed == 2);
  const Tensor y = Tensor::of({2, 3}, {2}).set_requires_grad();
  sum(mish(y) + mish(y)).backward();
  const Tensor z = y.detach().clone().set_requires_grad();
  sum(mish(z) * 2).backward();
  CHECK(y.grad().to_vector<float>() == z.grad().to_vector<float>());
}

TEST_CASE("core.function.only_needed_gradients_are_computed") {
  const Tensor x = Tensor::of({2, 3}, {2}).set_requires_grad();
  int computed = 0;
  sum(product(x, Tensor::of({5, 7}, {2}), computed)).backward();
  CHECK(computed == 1);
  CHECK(x.grad().to_vector<float>() == std::vector<float>{5, 7});
}

TEST_CASE("core.function.nothing_is_recorded_where_nothing_is_needed") {
  CHECK_FALSE(mish(drawn({2})).requires_grad());
  const Tensor x = drawn({2}).set_requires_grad();
  const plastic::NoGrad no_grad;
  CHECK_FALSE(mish(x).requires_grad());
}

TEST_CASE("core.function.overwritten_values_and_second_backwards_are_errors") {
  Tensor x = Tensor::of({1, 2}, {2}).set_requires_grad();
  const Tensor y = sum(mish(x));
  {
    const plastic::NoGrad no_grad;
    x.add_(1);
  }
  CHECK_THROWS_WITH_AS(y.backward(),
                       doctest::Contains("mish needs a tensor of shape (2,) that was written to"),
                       plastic::Error);
  const Tensor z = sum(mish(x));
  z.backward();
  CHECK_THROWS_WITH_AS(z.backward(), doctest::Contains("was freed"), plastic::Error);
}

TEST_CASE("core.function.mistakes_are_named") {
  const Tensor x = drawn({2, 3}).set_requires_grad();
  const auto recorded = [&](const Tensor& result, const plastic::autograd::Backward& backward) {
    return sum(plastic::autograd::record("wrong", result, {x}, backward));
  };
  const Tensor plain = x.detach() * 2;
  CHECK_THROWS_WITH_AS(
      recorded(plain.clone(), [](const Tensor&, const Inputs&) { return Gradients{}; }).backward(),
      "[backward] wrong gave 0 gradients for 1 inputs; give one per input, undefined where none is "
      "needed",
      plastic::Error);
  CHECK_THROWS_WITH_AS(
      recorded(plain.clone(), [](const Tensor& g, const Inputs&) { return Gradients{sum(g)}; })
          .backward(),
      "[backward] wrong gave input 0 of shape (2, 3) a gradient f64 ()", plastic::Error);
  CHECK_THROWS_WITH_AS(
      recorded(plain.clone(),
               [](const Tensor& g, const Inputs&) { return Gradients{g.to(DType::f32)}; })
          .backward(),
      "[backward] wrong gave input 0 of shape (2, 3) a gradient f32 (2, 3)", plastic::Error);
  const auto pass_on = [](const Tensor& g, const Inputs&) { return Gradients{g}; };
  const auto message = doctest::Contains(
      "[record] wrong gave a result of shape (2, 3) that is an input or was recorded itself");
  CHECK_THROWS_WITH_AS(recorded(x, pass_on), message, plastic::Error);
  CHECK_THROWS_WITH_AS(recorded(x * 2, pass_on), message, plastic::Error);
}

}  // namespace

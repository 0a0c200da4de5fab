#include "plastic/core/autograd.h"

#include <doctest/doctest.h>

#include "core/autograd/gradient_slot.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"

namespace plastic {
namespace {

Tensor leaf(std::initializer_list<float> values) {
  return Tensor::of(values, {static_cast<std::int64_t>(values.size())}).set_requires_grad();
}

TEST_CASE("core.autograd.accumulates") {
  Tensor x = leaf({1, 2});
  sum(x * x).backward();
  sum(x * 3.0).backward();
  CHECK(x.grad().to_vector<float>() == std::vector<float>{5, 7});
  x.zero_grad();
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("core.autograd.a_result_used_twice") {
  Tensor x = leaf({3});
  const Tensor y = x * x;
  (y * y + y).backward();
  // d(x⁴ + x²) = 4x³ + 2x
  CHECK(x.grad().item() == 114);
}

TEST_CASE("core.autograd.gradients_are_not_shared") {
  Tensor a = leaf({1});
  Tensor b = leaf({1});
  (a + b).backward();
  (a * 2.0).backward();
  CHECK(a.grad().item() == 3);
  CHECK(b.grad().item() == 1);
}

TEST_CASE("core.autograd.no_grad_and_detach") {
  Tensor x = leaf({2});
  {
    const NoGrad no_grad;
    CHECK_FALSE((x * x).requires_grad());
    CHECK_FALSE(grad_enabled());
  }
  CHECK(grad_enabled());
  (x * x.detach()).backward();
  CHECK(x.grad().item() == 2);
  CHECK_FALSE(x.detach().requires_grad());
}

TEST_CASE("core.autograd.graph_is_freed_unless_kept") {
  Tensor x = leaf({2});
  const Tensor kept = x * x;
  kept.backward({}, /*retain_graph=*/true);
  kept.backward();
  CHECK(x.grad().item() == 8);
  CHECK_THROWS_WITH_AS(kept.backward(), doctest::Contains("pass retain_graph = true"), Error);
}

TEST_CASE("core.autograd.explicit_gradient") {
  Tensor x = leaf({1, 2});
  const Tensor y = x * 2.0;
  CHECK_THROWS_WITH_AS(y.backward(), doctest::Contains("needs an explicit gradient"), Error);
  CHECK_THROWS_WITH_AS(y.backward(Tensor::ones({3})), doctest::Contains("f32 (3,)"), Error);
  y.backward(Tensor::of({1, 10}, {2}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{2, 20});
}

TEST_CASE("core.autograd.writing_to_a_saved_tensor_is_an_error") {
  Tensor x = leaf({1, 2});
  Tensor other = Tensor::of({3, 4}, {2});
  const Tensor y = sum(x * other);
  other.fill_(0);
  CHECK_THROWS_WITH_AS(y.backward(), doctest::Contains("written to in place"), Error);

  // A view writes to the same storage.
  Tensor base = Tensor::of({3, 4}, {2});
  const Tensor z = sum(x * base);
  base.slice(0, 0, 1).fill_(9);
  CHECK_THROWS_AS(z.backward(), Error);
}

TEST_CASE("core.autograd.writing_to_what_needs_no_saving_is_fine") {
  Tensor x = leaf({1, 2});
  Tensor other = Tensor::of({3, 4}, {2});
  const Tensor y = sum(x + other);
  other.fill_(0);
  y.backward();
  CHECK(x.grad().to_vector<float>() == std::vector<float>{1, 1});
}

TEST_CASE("core.autograd.in_place_on_a_leaf_needs_no_grad") {
  Tensor x = leaf({1});
  CHECK_THROWS_WITH_AS(x.fill_(2), doctest::Contains("wrap it in plastic::NoGrad"), Error);
  const NoGrad no_grad;
  x.fill_(2);
  CHECK(x.item() == 2);
}

TEST_CASE("core.autograd.errors") {
  Tensor x = Tensor::ones({1});
  CHECK_THROWS_WITH_AS(x.backward(), doctest::Contains("nothing to differentiate"), Error);
  Tensor counts = Tensor::arange(2, {.dtype = DType::i64});
  CHECK_THROWS_WITH_AS(counts.set_requires_grad(), doctest::Contains("not i64"), Error);
  Tensor y = leaf({1}) * 2.0;
  CHECK_FALSE(y.is_leaf());
  CHECK_THROWS_WITH_AS(y.set_requires_grad(false), doctest::Contains("detach() it first"), Error);
  CHECK_THROWS_WITH_AS(x.set_grad(Tensor::ones({2})), doctest::Contains("[set_grad]"), Error);
}

TEST_CASE("core.autograd.hooks") {
  Tensor x = leaf({3});
  const Tensor y = x * 2.0;
  std::vector<double> seen;
  const auto watch = [&](const Tensor& grad) {
    seen.push_back(grad.item());
    return Tensor();
  };
  SUBCASE("of a computed tensor see its whole gradient") {
    y.register_hook(watch);
    (y * y).backward();
    CHECK(seen == std::vector<double>{12});
    CHECK(x.grad().item() == 24);
  }
  SUBCASE("of a leaf see the whole gradient of a backward") {
    x.register_hook(watch);
    (y + x).backward();
    CHECK(seen == std::vector<double>{3});
  }
  SUBCASE("may replace the gradient, in order") {
    y.register_hook([](const Tensor& grad) { return grad * 10.0; });
    x.register_hook([](const Tensor& grad) { return grad + 1.0; });
    x.register_hook(watch);
    y.backward();
    CHECK(seen == std::vector<double>{21});
    CHECK(x.grad().item() == 21);
  }
  SUBCASE("must keep the shape") {
    y.register_hook([](const Tensor&) { return Tensor::ones({2}); });
    CHECK_THROWS_WITH_AS(y.backward(), doctest::Contains("a hook turned a gradient f32 (1,)"),
                         Error);
  }
  CHECK_THROWS_WITH_AS(Tensor::ones({1}).register_hook(watch),
                       doctest::Contains("does not require a gradient"), Error);
}

TEST_CASE("core.autograd.detect_anomaly") {
  Tensor x = leaf({0});
  const Tensor root = sqrt(x);
  {
    const DetectAnomaly guard;
    CHECK_THROWS_WITH_AS(log(x), doctest::Contains("log gave a result of shape (1,)"), Error);
    CHECK_THROWS_WITH_AS(root.backward(), doctest::Contains("sqrt gave a gradient"), Error);
  }
  CHECK(log(x).item() < -1e30);
}

TEST_CASE("core.autograd.long_chains") {
  Tensor x = leaf({1});
  Tensor y = x;
  for (int i = 0; i < 200000; ++i) y = y + 0.0;
  SUBCASE("backward") {
    y.backward();
    CHECK(x.grad().item() == 1);
  }
  SUBCASE("dropped without backward") {
    y = Tensor();
    CHECK_FALSE(x.grad().defined());
  }
}

TEST_CASE("core.autograd.gradient_slot") {
  // What an optimizer's arena relies on: the gradient lands in the slot, whatever came before.
  Tensor weight = Tensor::of({1, 2, 3, 4}, {2, 2}).set_requires_grad();
  const Tensor slot = Tensor::full({2, 2}, 99);
  weight.impl()->grad_slot =
      std::make_shared<GradientSlot>(slot.impl()->storage, 0, DType::f32, slot.shape());
  const Tensor x = Tensor::of({1, 10}, {1, 2});

  sum(linear(x, weight)).backward();
  CHECK(weight.grad().data<float>() == slot.data<float>());
  CHECK(slot.to_vector<float>() == std::vector<float>{1, 10, 1, 10});
  sum(linear(x, weight)).backward();
  CHECK(slot.to_vector<float>() == std::vector<float>{2, 20, 2, 20});

  weight.zero_grad();
  sum(weight * 3.0).backward();
  CHECK(weight.grad().data<float>() == slot.data<float>());
  CHECK(slot.to_vector<float>() == std::vector<float>{3, 3, 3, 3});

  weight.zero_grad();
  sum(matmul(weight, weight)).backward();
  CHECK(slot.to_vector<float>() == std::vector<float>{7, 11, 9, 13});
}

TEST_CASE("core.autograd.a_held_gradient_leaves_its_slot") {
  Tensor weight = Tensor::of({1, 2}, {2}).set_requires_grad();
  const Tensor block = Tensor::full({4}, 99);
  weight.impl()->grad_slot =
      std::make_shared<GradientSlot>(block.impl()->storage, sizeof(float), DType::f32, Shape{2});
  sum(weight * 2.0).backward();
  CHECK(block.to_vector<float>() == std::vector<float>{99, 2, 2, 99});
  // A view of it and a graph through it are holders, too.
  const Tensor held = weight.grad();
  Tensor row = weight.grad().reshape({1, 2});
  Tensor factor = Tensor::ones({2}, {.requires_grad = true});
  const Tensor product = sum(factor * weight.grad());
  weight.zero_grad();
  sum(weight * 5.0).backward();
  CHECK(block.to_vector<float>() == std::vector<float>{99, 5, 5, 99});
  CHECK(held.to_vector<float>() == std::vector<float>{2, 2});
  row.fill_(3);
  CHECK(held.to_vector<float>() == std::vector<float>{3, 3});
  CHECK(weight.grad().to_vector<float>() == std::vector<float>{5, 5});
  CHECK_THROWS_WITH_AS(product.backward(), doctest::Contains("written to in place"), Error);
}

TEST_CASE("core.autograd.a_view_of_the_gradient_can_be_the_gradient") {
  Tensor w = Tensor::of({1, 2, 3, 4}, {2, 2}).set_requires_grad();
  w.set_grad(Tensor::of({1, 2, 3, 4}, {2, 2}));
  w.transpose(0, 1).backward(w.grad());
  CHECK(w.grad().to_vector<float>() == std::vector<float>{2, 5, 5, 8});
}

TEST_CASE("core.autograd.gradcheck_finds_wrong_gradients") {
  const Tensor x = Tensor::full({3}, 2, {.dtype = DType::f64, .requires_grad = true});
  const std::vector<Tensor> inputs = {x};
  // The gradient of the detached factor is missing.
  const auto wrong = [](std::span<const Tensor> in) { return in[0] * in[0].detach(); };
  const GradcheckResult result = gradcheck(wrong, inputs);
  CHECK_FALSE(result.passed);
  CHECK(result.message.find("input 0") != std::string::npos);
  const std::vector<Tensor> single = {Tensor::ones({1}, {.requires_grad = true})};
  CHECK_THROWS_WITH_AS(gradcheck(wrong, single), doctest::Contains("must be f64"), Error);
}

}  // namespace
}  // namespace plastic

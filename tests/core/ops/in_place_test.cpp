// Arithmetic in place: the results of the same arithmetic out of place, and their gradients.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

struct InPlace {
  std::string name;
  /// Writes to x.
  std::function<void(Tensor& x, const Tensor& a, const Tensor& b)> write;
  std::function<Tensor(const Tensor& x, const Tensor& a, const Tensor& b)> compute;
  bool takes_integers = true;
};

std::vector<InPlace> functions() {
  return {
      {"add_ number", [](auto& x, auto&, auto&) { x.add_(3); },
       [](auto& x, auto&, auto&) { return x + 3; }},
      {"sub_ number", [](auto& x, auto&, auto&) { x.sub_(3); },
       [](auto& x, auto&, auto&) { return x - 3; }},
      {"mul_ number", [](auto& x, auto&, auto&) { x.mul_(3); },
       [](auto& x, auto&, auto&) { return x * 3; }},
      {"div_ number", [](auto& x, auto&, auto&) { x.div_(3); },
       [](auto& x, auto&, auto&) { return x / 3; }},
      {"add_", [](auto& x, auto& a, auto&) { x.add_(a); },
       [](auto& x, auto& a, auto&) { return x + a; }},
      {"sub_", [](auto& x, auto& a, auto&) { x.sub_(a); },
       [](auto& x, auto& a, auto&) { return x - a; }},
      {"mul_", [](auto& x, auto& a, auto&) { x.mul_(a); },
       [](auto& x, auto& a, auto&) { return x * a; }},
      {"div_", [](auto& x, auto& a, auto&) { x.div_(a); },
       [](auto& x, auto& a, auto&) { return x / a; }},
      {"add_ alpha", [](auto& x, auto& a, auto&) { x.add_(a, 2); },
       [](auto& x, auto& a, auto&) { return x + a * 2; }},
      {"sub_ alpha", [](auto& x, auto& a, auto&) { x.sub_(a, 2); },
       [](auto& x, auto& a, auto&) { return x - a * 2; }},
      {"addcmul_", [](auto& x, auto& a, auto& b) { x.addcmul_(a, b, 0.5); },
       [](auto& x, auto& a, auto& b) { return x + a * 0.5 * b; }, false},
      {"addcdiv_", [](auto& x, auto& a, auto& b) { x.addcdiv_(a, b, 0.5); },
       [](auto& x, auto& a, auto& b) { return x + a * 0.5 / b; }, false},
      {"lerp_", [](auto& x, auto& a, auto&) { x.lerp_(a, 0.25); },
       [](auto& x, auto& a, auto&) { return x + (a - x) * 0.25; }, false},
      {"lerp_ far", [](auto& x, auto& a, auto&) { x.lerp_(a, 0.75); },
       [](auto& x, auto& a, auto&) { return x + (a - x) * 0.75; }, false},
      {"operators", [](auto& x, auto& a, auto& b) { (((x += a) -= b) *= a) /= b; },
       [](auto& x, auto& a, auto& b) { return (x + a - b) * a / b; }},
      {"operators number", [](auto& x, auto&, auto&) { (((x += 7) -= 2) *= 3) /= 2; },
       [](auto& x, auto&, auto&) { return (x + 7 - 2) * 3 / 2; }},
  };
}

Tensor drawn(const Shape& shape, DType dtype, std::uint64_t seed) {
  Generator generator{.seed = seed};
  return uniform(shape, 1, 5, generator, DType::f64).to(dtype);
}

void check_close(const Tensor& actual, const Tensor& expected) {
  const std::vector<double> a = actual.detach().to(DType::f64).to_vector<double>();
  const std::vector<double> b = expected.detach().to(DType::f64).to_vector<double>();
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == doctest::Approx(b[i]).epsilon(1e-6));
}

TEST_CASE("core.ops.in_place.same_as_out_of_place") {
  for (const InPlace& function : functions()) {
    CAPTURE(function.name);
    for (const DType dtype : {DType::f32, DType::f64, DType::i64, DType::u8}) {
      if (!is_floating_point(dtype) && !function.takes_integers) continue;
      CAPTURE(name_of(dtype));
      // Long enough for several threads; operands are broadcast.
      const Tensor before = drawn({3, 9001}, dtype, 1);
      const Tensor a = drawn({9001}, dtype, 2);
      const Tensor b = drawn({3, 1}, dtype, 3);
      Tensor x = before.clone();
      const std::uint64_t version = x.version();
      function.write(x, a, b);
      CHECK(x.version() > version);
      check_close(x, function.compute(before, a, b));

      // What lies between the elements of a view stays.
      Tensor wide = Tensor::full({4, 6}, 9, {.dtype = dtype});
      Tensor view = wide.transpose(0, 1).slice(0, 0, 6, 2);
      const Tensor values = drawn({3, 4}, dtype, 4);
      view.copy_(values);
      const Tensor c = drawn({3, 4}, dtype, 5);
      function.write(view, c, c);
      check_close(view, function.compute(values, c, c));
      CHECK(wide.slice(1, 1, 6, 2).to(DType::f64).to_vector<double>() ==
            std::vector<double>(12, 9));

      Tensor empty = Tensor::zeros({0, 4}, {.dtype = dtype});
      function.write(empty, drawn({4}, dtype, 6), drawn({1, 4}, dtype, 7));
      CHECK(empty.shape() == Shape{0, 4});
    }
  }
}

TEST_CASE("core.ops.in_place.operands_may_overlap") {
  for (const InPlace& function : functions()) {
    CAPTURE(function.name);
    const Tensor before = drawn({4, 4}, DType::f64, 1);
    Tensor x = before.clone();
    const Tensor transposed = x.transpose(0, 1);
    function.write(x, transposed, x);
    if (function.name == "operators") continue;  // Reads x between its writes.
    check_close(x, function.compute(before, before.transpose(0, 1), before));
  }
  Tensor row = Tensor::arange(4);
  row.slice(0, 1, 4).add_(row.slice(0, 0, 3));
  CHECK(row.to_vector<float>() == std::vector<float>{0, 1, 3, 5});
}

TEST_CASE("core.ops.in_place.gradients_are_those_of_out_of_place") {
  for (const InPlace& function : functions()) {
    CAPTURE(function.name);
    const auto gradients = [&](bool in_place) {
      std::vector<Tensor> leaves = {drawn({2, 3}, DType::f64, 1), drawn({3}, DType::f64, 2),
                                    drawn({2, 1}, DType::f64, 3)};
      for (Tensor& leaf : leaves) leaf.set_requires_grad();
      Tensor x = leaves[0] * 2;
      if (in_place) {
        function.write(x, leaves[1], leaves[2]);
      } else {
        x = function.compute(x, leaves[1], leaves[2]);
      }
      sum(x * x).backward();
      std::vector<Tensor> result = {x};
      for (const Tensor& leaf : leaves) {
        result.push_back(leaf.grad().defined() ? leaf.grad() : Tensor::zeros({}));
      }
      return result;
    };
    const std::vector<Tensor> actual = gradients(true);
    const std::vector<Tensor> expected = gradients(false);
    for (std::size_t i = 0; i < expected.size(); ++i) check_close(actual[i], expected[i]);
  }
}

TEST_CASE("core.ops.in_place.sums_of_losses_are_recorded") {
  const Tensor w = Tensor::full({}, 3, {.requires_grad = true});
  Tensor total = Tensor::zeros({});
  for (int i = 1; i <= 3; ++i) total += w * i;
  CHECK(total.item() == 18);
  CHECK_FALSE(total.is_leaf());
  total.backward();
  CHECK(w.grad().item() == 6);
}

TEST_CASE("core.ops.in_place.refuses_what_would_give_wrong_gradients") {
  Tensor leaf = Tensor::ones({2, 2}, {.requires_grad = true});
  CHECK_THROWS_WITH_AS(leaf.mul_(2),
                       "[mul_] writing in place to a tensor that requires a gradient, shape (2, "
                       "2); wrap it in plastic::NoGrad or detach() it",
                       Error);
  const auto shared = doctest::Contains("a tensor whose memory others share, shape (2,)");
  Tensor view = leaf.slice(0, 0, 1).reshape({2});
  CHECK_THROWS_WITH_AS(view.add_(1), shared, Error);
  Tensor x = leaf * 2;
  const Tensor row = x.slice(0, 0, 1);
  CHECK_THROWS_WITH_AS(x.add_(leaf), doctest::Contains("memory others share"), Error);
  // What backward() needs of exp() is its result.
  Tensor y = exp(leaf);
  CHECK_THROWS_WITH_AS(y.add_(1), doctest::Contains("memory others share"), Error);
  {
    const NoGrad no_grad;
    leaf.add_(leaf, -1).add_(5);
    view.add_(1);
    y.add_(1);
  }
  CHECK(leaf.to_vector<float>() == std::vector<float>{6, 6, 5, 5});
  CHECK(leaf.is_leaf());
  CHECK_THROWS_WITH_AS(sum(y).backward(), doctest::Contains("written to in place since"), Error);
}

TEST_CASE("core.ops.in_place.refuses_what_does_not_fit") {
  Tensor x = Tensor::ones({3});
  CHECK_THROWS_WITH_AS(x.add_(Tensor::ones({2, 3})),
                       "[add_] cannot broadcast shape (2, 3) to that of the tensor that is written "
                       "to, (3,)",
                       Error);
  CHECK_THROWS_WITH_AS(x.lerp_(Tensor::ones({4}), 0.5), doctest::Contains("[lerp_]"), Error);
  CHECK_THROWS_WITH_AS(x.mul_(Tensor::ones({3}, {.dtype = DType::f64})),
                       doctest::Contains("[mul_] dtypes differ"), Error);
  CHECK_THROWS_WITH_AS(x.addcmul_(x, x, 1e39), doctest::Contains("[addcmul_] f32 cannot hold"),
                       Error);
  Tensor count = Tensor::ones({3}, {.dtype = DType::i64});
  CHECK_THROWS_WITH_AS(count.addcdiv_(count, count), doctest::Contains("[addcdiv_] needs f32"),
                       Error);
  CHECK_THROWS_WITH_AS(count.add_(0.5), doctest::Contains("[add_] i64 cannot hold"), Error);
  CHECK_THROWS_WITH_AS(count.div_(0), doctest::Contains("divided by 0"), Error);
  CHECK_THROWS_WITH_AS(count.div_(Tensor::zeros({3}, {.dtype = DType::i64})),
                       doctest::Contains("divided by 0"), Error);
  CHECK_THROWS_WITH_AS(Tensor().add_(1), doctest::Contains("[add_] the tensor is undefined"),
                       Error);
  Tensor many = Tensor::ones({1}).expand({3});
  CHECK_THROWS_WITH_AS(many.lerp_(x, 0.5), doctest::Contains("several elements in one place"),
                       Error);
}

TEST_CASE("core.ops.in_place.lerp_reaches_both_ends") {
  Tensor x = Tensor::of({0.1F, -3e38F, 7}, {3});
  const Tensor end = Tensor::of({0.3F, -3e38F, -7}, {3});
  const std::vector<float> before = x.to_vector<float>();
  CHECK(x.lerp_(end, 0).to_vector<float>() == before);
  CHECK(x.lerp_(end, 1).to_vector<float>() == end.to_vector<float>());
}

}  // namespace
}  // namespace plastic

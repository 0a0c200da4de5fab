// Writing in place where elements share memory: with each other, or with what is read.
#include "core/tensor/overlap.h"

#include <doctest/doctest.h>

#include "core/tensor/tensor_impl.h"
#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/nn/linear.h"
#include "plastic/optim/clip.h"

namespace plastic {
namespace {

using Values = std::vector<float>;

Values values(const Tensor& x) { return x.to_vector<float>(); }

TEST_CASE("core.overlap.with_itself") {
  const Tensor x = Tensor::arange(24).reshape({2, 3, 4});
  CHECK_FALSE(overlaps_itself(x));
  CHECK_FALSE(overlaps_itself(x.permute({2, 0, 1})));
  CHECK_FALSE(overlaps_itself(x.slice(2, 0, 4, 3)));
  CHECK_FALSE(overlaps_itself(x.slice(1, 0, 1).expand({2, 1, 4})));
  CHECK_FALSE(overlaps_itself(Tensor::ones({1}).expand({1, 1})));
  CHECK_FALSE(overlaps_itself(Tensor::ones({1}).expand({0})));
  CHECK(overlaps_itself(Tensor::ones({1}).expand({2})));
  CHECK(overlaps_itself(x.slice(1, 0, 1).expand({2, 3, 4})));
  CHECK(overlaps_itself(x.slice(1, 0, 1).expand({2, 3, 4}).transpose(0, 1)));
  CHECK(overlaps_itself(Tensor::ones({2, 1}).expand({2, 4}).reshape({2, 2, 2})));
}

TEST_CASE("core.overlap.writing_to_one_place_twice_is_refused") {
  const auto message =
      doctest::Contains("several elements in one place, shape (4, 5), strides (0, 0)");
  Tensor one = Tensor::ones({1, 1});
  Tensor many = one.expand({4, 5});
  CHECK_THROWS_WITH_AS(many.add_(1), message, Error);
  CHECK_THROWS_WITH_AS(many.copy_(Tensor::zeros({4, 5})), message, Error);
  CHECK_THROWS_WITH_AS(many.copy_(Tensor::zeros({})), message, Error);
  CHECK(one.item() == 1);
  // One value is the same for all of them.
  many.fill_(3);
  CHECK(one.item() == 3);
  Tensor rows = Tensor::zeros({2, 3});
  rows.slice(0, 0, 1).expand({4, 3}).slice(1, 0, 3, 2).fill_(7);
  CHECK(values(rows) == Values{7, 0, 7, 0, 0, 0});
  // Enough elements for several threads.
  one.expand({1000, 1000}).fill_(4);
  CHECK(one.item() == 4);
}

TEST_CASE("core.overlap.copies_between_views_of_one_tensor") {
  Tensor right = Tensor::arange(5);
  right.slice(0, 1, 5).copy_(right.slice(0, 0, 4));
  CHECK(values(right) == Values{0, 0, 1, 2, 3});
  Tensor left = Tensor::arange(5);
  left.slice(0, 0, 4).copy_(left.slice(0, 1, 5));
  CHECK(values(left) == Values{1, 2, 3, 4, 4});
  Tensor square = Tensor::of({1, 2, 3, 4}, {2, 2});
  square.copy_(square.transpose(0, 1));
  CHECK(values(square) == Values{1, 3, 2, 4});
  square.copy_(square);
  CHECK(values(square) == Values{1, 3, 2, 4});
  Tensor rows = Tensor::of({1, 2, 3, 4}, {2, 2});
  rows.copy_(rows.slice(0, 1, 2));
  CHECK(values(rows) == Values{3, 4, 3, 4});
  Tensor interleaved = Tensor::arange(6);
  interleaved.slice(0, 0, 6, 2).copy_(interleaved.slice(0, 1, 6, 2));
  CHECK(values(interleaved) == Values{1, 1, 3, 3, 5, 5});
  // Long enough for several threads, and for any order of theirs.
  constexpr std::int64_t length = 100000;
  Tensor line = Tensor::arange(length);
  line.slice(0, 1, length).copy_(line.slice(0, 0, length - 1));
  Tensor expected = Tensor::arange(length) - 1;
  expected.slice(0, 0, 1).fill_(0);
  CHECK(sum(not_equal(line, expected)).item() == 0);
  Tensor table = Tensor::arange(90000).reshape({300, 300});
  const Tensor turned = table.transpose(0, 1).clone();
  table.copy_(table.transpose(0, 1));
  CHECK(sum(not_equal(table, turned)).item() == 0);
}

TEST_CASE("core.overlap.copies_that_would_lose_a_gradient_are_refused") {
  const Tensor w = Tensor::ones({2}, {.requires_grad = true});
  const auto message = doctest::Contains("[copy_] the source, shape (2,), requires a gradient");
  Tensor buffer = Tensor::zeros({4});
  CHECK_THROWS_WITH_AS(buffer.slice(0, 0, 2).copy_(w), message, Error);
  CHECK_THROWS_WITH_AS(buffer.slice(0, 0, 2).copy_(w * 2), message, Error);
  CHECK(values(buffer) == Values(4, 0));
  buffer.slice(0, 0, 2).copy_(w.detach());
  {
    const NoGrad no_grad;
    buffer.slice(0, 2, 4).copy_(w * 2);
  }
  CHECK(values(buffer) == Values{1, 1, 2, 2});
  CHECK_THROWS_WITH_AS(buffer.copy_(Tensor()), doctest::Contains("[copy_] the tensor is undefined"),
                       Error);
}

// What copies within operations must not be caught by that.
TEST_CASE("core.overlap.operations_pass_gradients_on") {
  const Tensor a = Tensor::ones({2}, {.requires_grad = true});
  const Tensor b = Tensor::ones({2}, {.requires_grad = true});
  const std::vector<Tensor> both = {a, b};
  const Tensor index = Tensor::zeros({2}, {.dtype = DType::i64});
  sum(concat(both)).backward();
  sum(stack(both)).backward();
  sum(pad(a, {1, 1})).backward();
  sum(scatter_add(a, 0, index, b)).backward();
  CHECK(values(a.grad()) == Values{4, 4});
  CHECK(values(b.grad()) == Values{3, 3});
  nn::Linear one(2, 2);
  nn::Linear other(2, 2);
  other.load_state_dict({{"weight", one.weight}, {"bias", one.bias}});
  CHECK(values(other.weight) == values(one.weight));
}

TEST_CASE("core.overlap.gradients_that_are_set") {
  const auto gradient_after = [](const Tensor& given) {
    const Tensor x = Tensor::ones({2, 2}, {.requires_grad = true});
    Tensor leaf = x;
    leaf.set_grad(given);
    sum(x).backward();
    return values(x.grad());
  };
  const Tensor one = Tensor::full({1, 1}, 3);
  CHECK(gradient_after(one.expand({2, 2})) == Values{4, 4, 4, 4});
  CHECK(one.item() == 3);
  CHECK(gradient_after(Tensor::of({1, 2}, {2, 1}).expand({2, 2})) == Values{2, 2, 3, 3});
  CHECK(gradient_after(Tensor::of({1, 2, 3, 4}, {2, 2}).transpose(0, 1)) == Values{2, 4, 3, 5});
  Tensor x = Tensor::ones({2, 2}, {.requires_grad = true});
  x.set_grad(one.expand({2, 2}));
  optim::clip_grad_norm({x}, 3);
  CHECK(x.grad().to_vector<float>()[3] == doctest::Approx(1.5));
  const Tensor kept = Tensor::ones({2, 2});
  x.set_grad(kept);
  CHECK(x.grad().impl() == kept.impl());
}

}  // namespace
}  // namespace plastic

#include "core/tensor/layout.h"

#include <doctest/doctest.h>

#include "core/device/array.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

Tensor image() {
  Generator generator{.seed = 2};
  return uniform({2, 3, 4, 5}, -1, 1, generator);
}

TEST_CASE("core.layout.channels_last") {
  const Tensor x = image();
  CHECK_FALSE(is_channels_last(x));
  const Tensor y = channels_last(x);
  CHECK(is_channels_last(y));
  CHECK(y.strides() == Shape{60, 1, 15, 3});
  CHECK(y.to_vector<float>() == x.to_vector<float>());
  CHECK(channels_last(y).impl()->storage == y.impl()->storage);
  CHECK_FALSE(is_channels_last(y.slice(3, 0, 4)));
  CHECK_FALSE(is_channels_last(Tensor::ones({2, 3})));
  CHECK(y.contiguous().is_contiguous());
  CHECK(is_channels_last(y.clone()));
}

TEST_CASE("core.layout.what_has_no_elements_has_no_gaps") {
  CHECK(Tensor::zeros({0, 15, 3}).slice(2, 1, 2).is_contiguous());
  CHECK(Tensor::zeros({4, 0, 3}).transpose(0, 2).is_contiguous());
  CHECK_FALSE(Tensor::zeros({2, 15, 3}).slice(2, 1, 2).is_contiguous());
}

TEST_CASE("core.layout.both_at_once") {
  for (const Shape& shape : {Shape{2, 1, 4, 5}, Shape{2, 3, 1, 1}, Shape{1, 1, 1, 1}}) {
    CAPTURE(to_string(shape));
    const Tensor x = Tensor::ones(shape);
    const Tensor y = empty_channels_last(shape);
    CHECK(is_channels_last(x));
    CHECK(x.is_contiguous());
    CHECK(is_channels_last(y));
    CHECK(y.is_contiguous());
    CHECK(channels_last(x).impl()->storage == x.impl()->storage);
  }
  CHECK(is_channels_last(Tensor::ones({0, 3, 4, 5})));
}

TEST_CASE("core.layout.elementwise_results_keep_it") {
  const Tensor plain = image();
  const Tensor x = channels_last(plain);
  const Tensor bias = Tensor::of({1, 2, 3}, {3, 1, 1});
  const auto keeps = [](const Tensor& y) { return is_channels_last(y) && !y.is_contiguous(); };
  CHECK(keeps(relu(x)));
  CHECK(keeps(-x));
  CHECK(keeps(x + x));
  CHECK(keeps(x + plain));
  CHECK(keeps(plain * x));
  CHECK(keeps(x + bias));
  CHECK(keeps(x * 2.0));
  CHECK(keeps(x.to(DType::f64)));
  CHECK(keeps(less(x, plain)));
  CHECK(keeps(where(less(x, plain), x, bias)));
  CHECK_FALSE(keeps(relu(plain)));
  CHECK((x + bias).to_vector<float>() == (plain + bias).to_vector<float>());
  CHECK(where(less(x, bias), x, bias).to_vector<float>() ==
        where(less(plain, bias), plain, bias).to_vector<float>());
}

TEST_CASE("core.layout.gradients_keep_it_but_for_leaves") {
  Tensor leaf = image().set_requires_grad();
  const Tensor x = channels_last(image());
  const Tensor y = leaf * x;
  bool seen = false;
  y.register_hook([&](const Tensor& g) {
    seen = is_channels_last(g) && !g.is_contiguous();
    return Tensor();
  });
  const Tensor z = relu(y) + tanh(y);
  z.backward(x);
  CHECK(seen);
  CHECK(leaf.grad().is_contiguous());
}

TEST_CASE("core.layout.loops_over_dense_arrays_are_flat") {
  const Tensor x = channels_last(image());
  Array arrays[] = {array_of(x), array_of(empty_like_layout(x))};
  sort_axes(arrays);
  collapse_axes(arrays);
  CHECK(arrays[0].shape == Shape{120});
  CHECK(arrays[0].strides == Shape{1});
  Array mixed[] = {array_of(image()), array_of(x)};
  sort_axes(mixed);
  collapse_axes(mixed);
  CHECK(mixed[0].shape == Shape{2, 20, 3});
  CHECK(mixed[1].strides == Shape{60, 3, 1});
}

TEST_CASE("core.layout.dropout_counts_logical_elements") {
  const Tensor plain = Tensor::ones({2, 3, 4, 5});
  Generator first{.seed = 7};
  Generator second{.seed = 7};
  CHECK(dropout(plain, 0.5, first).to_vector<float>() ==
        dropout(channels_last(plain), 0.5, second).to_vector<float>());
}

TEST_CASE("core.layout.sums_over_channels_last") {
  const Tensor plain = image();
  const Tensor x = channels_last(plain);
  for (const Shape& axes : {Shape{}, Shape{0, 2, 3}, Shape{1}, Shape{2, 3}}) {
    const std::vector<float> expected = sum(plain, axes).to_vector<float>();
    const std::vector<float> values = sum(x, axes).to_vector<float>();
    REQUIRE(values.size() == expected.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK(values[i] == doctest::Approx(expected[i]).epsilon(1e-6));
    }
  }
}

}  // namespace
}  // namespace plastic

#include "plastic/data/standardization.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "plastic/core/ops.h"
#include "tests/data/files.h"

using plastic::DType;
using plastic::Generator;
using plastic::Shape;
using plastic::Tensor;
using namespace plastic::data;
using namespace plastic::test;

TEST_CASE("data.standardization.known_values") {
  // Columns 1, 3, 5 and 7, 7, 7: deviation √(8/3), and none.
  const Tensor features = Tensor::of({1, 7, 3, 7, 5, 7}, {3, 2});
  const Standardization scale = standardization(features);
  CHECK(scale.mean.to_vector<float>() == std::vector<float>{3, 7});
  CHECK(scale.deviation.to_vector<float>() ==
        std::vector<float>{static_cast<float>(std::sqrt(8.0 / 3)), 1});
  const auto values = scale.apply(features).to_vector<float>();
  CHECK(double{values[0]} == doctest::Approx(-std::sqrt(1.5)).epsilon(1e-6));
  CHECK(values[1] == 0);
  CHECK(values[2] == 0);
  CHECK(double{values[4]} == doctest::Approx(std::sqrt(1.5)).epsilon(1e-6));
  // Other examples are measured by the same rule.
  CHECK(scale.apply(Tensor::of({3, 9}, {1, 2})).to_vector<float>() == std::vector<float>{0, 2});
}

TEST_CASE("data.standardization.any_shape_and_dtype") {
  Generator generator{.seed = 5};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensor features = normal({200, 3, 2}, 40, 3, generator, dtype);
    const Standardization scale = standardization(features);
    CHECK(scale.mean.shape() == Shape{3, 2});
    CHECK(scale.mean.dtype() == dtype);
    const Tensor scaled = scale.apply(features);
    CHECK(max(abs(mean(scaled, {0}))).item() < 1e-5);
    CHECK(max(abs(var(scaled, {0}, false, 0) - 1.0)).item() < 1e-5);
    CHECK(max(abs(scale.undo(scaled) - features)).item() < 1e-4);
  }
  // Far from 0, and constant but for how the mean is rounded.
  const Tensor constant = Tensor::full({7, 1}, 0.1, {.dtype = DType::f64});
  CHECK(standardization(constant).deviation.item() == 1);
  const Tensor far = Tensor::of({16777216, 16777218, 16777220, 16777222}, {4, 1});
  CHECK(standardization(far).mean.item() == doctest::Approx(16777219).epsilon(1e-7));
  CHECK(standardization(far).deviation.item() == doctest::Approx(std::sqrt(5.0)));
}

TEST_CASE("data.standardization.errors") {
  CHECK(contains(error_of([] { standardization(Tensor()); }), {"[standardization] ", "undefined"}));
  CHECK(contains(error_of([] { standardization(Tensor::arange(3, {.dtype = DType::i64})); }),
                 {"needs f32 or f64, got i64"}));
  CHECK(contains(error_of([] {
                   standardization(Tensor::zeros({0, 3}));
                 }),
                 {"no examples in features (0, 3)"}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(contains(error_of([&] {
                   standardization(Tensor::of({1, 2, 3, nan}, {2, 2}));
                 }),
                 {"the mean of feature 1 is nan"}));
}

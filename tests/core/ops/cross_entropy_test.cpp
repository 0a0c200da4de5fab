#include <doctest/doctest.h>

#include <cmath>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"

namespace plastic {
namespace {

Tensor labels(std::vector<std::int64_t> values) {
  return Tensor::from(std::span<const std::int64_t>(values),
                      {static_cast<std::int64_t>(values.size())});
}

TEST_CASE("core.ops.cross_entropy.values") {
  const Tensor even = Tensor::zeros({2, 10});
  CHECK(cross_entropy(even, labels({3, 7})).item() == doctest::Approx(std::log(10.0)));
  const Tensor logits = Tensor::of({1, 2, 3}, {1, 3});
  CHECK(cross_entropy(logits, labels({2})).item() ==
        doctest::Approx(std::log(std::exp(1.0) + std::exp(2.0) + std::exp(3.0)) - 3));
}

TEST_CASE("core.ops.cross_entropy.large_logits_stay_finite") {
  Tensor logits = Tensor::of({1e4F, -1e4F, 0, 80, 90, 100}, {2, 3}).set_requires_grad();
  const Tensor loss = cross_entropy(logits, labels({1, 2}));
  CHECK(loss.item() == doctest::Approx(1e4).epsilon(1e-6));
  loss.backward();
  for (const float g : logits.grad().to_vector<float>()) CHECK(std::isfinite(g));
}

TEST_CASE("core.ops.cross_entropy.errors") {
  const Tensor logits = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(cross_entropy(logits, labels({0, 3})),
                       "[cross_entropy] target 3 at position 1 is not in [0, 3)", Error);
  CHECK_THROWS_WITH_AS(cross_entropy(logits, labels({0, -1})), doctest::Contains("target -1"),
                       Error);
  CHECK_THROWS_WITH_AS(cross_entropy(logits, labels({0})),
                       doctest::Contains("logits (2, 3) do not fit targets (1,)"), Error);
  CHECK_THROWS_WITH_AS(cross_entropy(logits, Tensor::zeros({2})),
                       doctest::Contains("i64 targets, got f32 and f32"), Error);
}

}  // namespace
}  // namespace plastic

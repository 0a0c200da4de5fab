#include <doctest/doctest.h>

#include <algorithm>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"

namespace plastic {
namespace {

TEST_CASE("core.ops.dropout.keeps_the_right_share") {
  Generator generator{.seed = 11};
  const std::vector<float> y = dropout(Tensor::ones({100000}), 0.1, generator).to_vector<float>();
  const auto dropped = std::count(y.begin(), y.end(), 0.0F);
  // Five standard deviations of a binomial count.
  CHECK(std::abs(static_cast<double>(dropped) - 10000) < 475);
  CHECK(*std::max_element(y.begin(), y.end()) == doctest::Approx(1 / 0.9));
}

TEST_CASE("core.ops.dropout.sequence") {
  Generator first{.seed = 1};
  Generator second{.seed = 1};
  const Tensor x = Tensor::ones({1001});
  const std::vector<float> y = dropout(x, 0.5, first).to_vector<float>();
  CHECK(y == dropout(x, 0.5, second).to_vector<float>());
  CHECK(first == second);
  CHECK(first.offset == 251);
  CHECK(y != dropout(x, 0.5, first).to_vector<float>());
}

TEST_CASE("core.ops.dropout.limits") {
  Generator generator;
  const Tensor x = Tensor::ones({64});
  CHECK(sum(dropout(x, 0, generator)).item() == 64);
  CHECK(sum(dropout(x, 1, generator)).item() == 0);
  CHECK_THROWS_WITH_AS(dropout(x, 1.5, generator), "[dropout] p must be in [0, 1], got 1.5", Error);
}

}  // namespace
}  // namespace plastic

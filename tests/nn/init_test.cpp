#include "plastic/nn/init.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"

namespace plastic::nn {
namespace {

double deviation(const Tensor& x) { return std::sqrt(var(x).item()); }

/// Largest difference of a matrix of rank 2 to the identity.
double from_identity(const Tensor& x) {
  double worst = 0;
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    for (std::int64_t j = 0; j < x.size(1); ++j) {
      const double expected = i == j ? 1 : 0;
      const double value = x.slice(0, i, i + 1).slice(1, j, j + 1).item();
      worst = std::max(worst, std::abs(value - expected));
    }
  }
  return worst;
}

TEST_CASE("nn.init.gain") {
  CHECK(gain(Nonlinearity::linear) == 1);
  CHECK(gain(Nonlinearity::sigmoid) == 1);
  CHECK(gain(Nonlinearity::tanh) == doctest::Approx(1.6666667));
  CHECK(gain(Nonlinearity::relu) == doctest::Approx(1.4142136));
  CHECK(gain(Nonlinearity::leaky_relu) == doctest::Approx(1.4141428));
  CHECK(gain(Nonlinearity::leaky_relu, std::sqrt(5.0)) == doctest::Approx(0.5773503));
  CHECK(gain(Nonlinearity::selu) == 0.75);
}

TEST_CASE("nn.init.kaiming") {
  Generator generator{.seed = 6};
  // Fan in 30·9 = 270, out 50·9 = 450.
  const Shape shape{50, 30, 3, 3};
  const Tensor in = kaiming_uniform(shape, {}, &generator);
  const double bound = std::sqrt(6.0 / 270);
  CHECK(max(in).item() <= bound);
  CHECK(max(in).item() > 0.99 * bound);
  CHECK(min(in).item() < -0.99 * bound);
  CHECK(deviation(in) == doctest::Approx(std::sqrt(2.0 / 270)).epsilon(0.02));

  const KaimingOptions out{.fan = Fan::out, .nonlinearity = Nonlinearity::tanh};
  CHECK(deviation(kaiming_normal(shape, out, &generator)) ==
        doctest::Approx(5.0 / 3 / std::sqrt(450.0)).epsilon(0.02));
  // PyTorch's default for Linear is the case of slope √5.
  const KaimingOptions linear{.slope = std::sqrt(5.0)};
  CHECK(max(kaiming_uniform({40, 100}, linear, &generator)).item() <= 0.1);
  CHECK_THROWS_WITH_AS(kaiming_normal({3}), doctest::Contains("fans of (3,) are unknown"), Error);
}

TEST_CASE("nn.init.xavier") {
  Generator generator{.seed = 6};
  const Tensor uniform = xavier_uniform({100, 200}, 2, &generator);
  const double bound = 2 * std::sqrt(6.0 / 300);
  CHECK(max(uniform).item() <= bound);
  CHECK(max(uniform).item() > 0.99 * bound);
  CHECK(deviation(xavier_normal({100, 200}, 0.5, &generator)) ==
        doctest::Approx(0.5 * std::sqrt(2.0 / 300)).epsilon(0.02));
  CHECK_THROWS_WITH_AS(xavier_uniform({2, 0}), doctest::Contains("at least 1, got (2, 0)"), Error);
  CHECK_THROWS_WITH_AS(xavier_normal({2, 3}, NAN), doctest::Contains("gain is nan"), Error);
}

TEST_CASE("nn.init.orthogonal") {
  Generator generator{.seed = 6};
  const Tensor wide = orthogonal({20, 5, 3, 3}, 1, &generator).reshape({20, 45});
  CHECK(from_identity(matmul(wide, wide.transpose(0, 1))) < 1e-6);
  const Tensor tall = orthogonal({33, 8}, 3, &generator);
  CHECK(from_identity(matmul(tall.transpose(0, 1), tall) / 9) < 1e-6);
  // No preferred direction: the trace of a random rotation is small.
  const Tensor square = orthogonal({60, 60}, 1, &generator);
  CHECK(from_identity(matmul(square, square.transpose(0, 1))) < 1e-6);
  double trace = 0;
  for (std::int64_t i = 0; i < 60; ++i) {
    trace += square.slice(0, i, i + 1).slice(1, i, i + 1).item();
  }
  CHECK(std::abs(trace) < 5);
  CHECK_THROWS_WITH_AS(orthogonal({4}), doctest::Contains("two axes or more, got (4,)"), Error);
}

// The definition, one row after the other: what any way to compute it must give.
TEST_CASE("nn.init.orthogonal_is_the_q_of_positive_diagonal") {
  for (const Shape& shape : {Shape{1, 5}, Shape{7, 7}, Shape{40, 90}, Shape{70, 64}}) {
    CAPTURE(to_string(shape));
    Generator generator{.seed = 12};
    Generator same = generator;
    const Tensor found = orthogonal(shape, 1, &generator);
    const auto rows = static_cast<std::size_t>(std::min(shape[0], shape[1]));
    const auto columns = static_cast<std::size_t>(std::max(shape[0], shape[1]));
    const auto drawn =
        normal({std::min(shape[0], shape[1]), std::max(shape[0], shape[1])}, 0, 1, same, DType::f64)
            .to_vector<double>();
    std::vector<std::vector<double>> expected;
    for (std::size_t i = 0; i < rows; ++i) {
      const auto begin = drawn.begin() + static_cast<std::ptrdiff_t>(i * columns);
      std::vector<double> row(begin, begin + static_cast<std::ptrdiff_t>(columns));
      for (int pass = 0; pass < 2; ++pass) {
        for (const std::vector<double>& before : expected) {
          double product = 0;
          for (std::size_t j = 0; j < columns; ++j) product += row[j] * before[j];
          for (std::size_t j = 0; j < columns; ++j) row[j] -= product * before[j];
        }
      }
      double length = 0;
      for (const double value : row) length += value * value;
      for (double& value : row) value /= std::sqrt(length);
      expected.push_back(row);
    }
    const auto values = (shape[0] <= shape[1] ? found : found.transpose(0, 1)).to_vector<float>();
    double worst = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        worst = std::max(worst, std::abs(double{values[i * columns + j]} - expected[i][j]));
      }
    }
    CHECK(worst < 1e-6);
  }
}

TEST_CASE("nn.init.truncated_normal") {
  Generator generator{.seed = 6};
  const Tensor x =
      truncated_normal({100, 200}, {.deviation = 0.02, .low = -0.04, .high = 0.02}, &generator);
  CHECK(min(x).item() >= -0.04F);
  CHECK(min(x).item() < -0.0398);
  CHECK(max(x).item() <= 0.02F);
  CHECK(max(x).item() > 0.0198);
  // Of a standard normal in [-2, 1]: mean (φ(-2) - φ(1))/Z and variance
  // 1 + (-2φ(-2) - φ(1))/Z - mean², with Z = Φ(1) - Φ(-2).
  const double mass = 0.8413447 - 0.0227501;
  const double middle = (0.0539910 - 0.2419707) / mass;
  const double variance = 1 + (-2 * 0.0539910 - 0.2419707) / mass - middle * middle;
  CHECK(std::abs(mean(x).item() / 0.02 - middle) < 0.02);
  CHECK(deviation(x) / 0.02 == doctest::Approx(std::sqrt(variance)).epsilon(0.02));
  // A third of all values of a normal distribution lie further out than 0.967 deviations.
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor all = truncated_normal({30000}, {.low = -infinity, .high = infinity}, &generator);
  CHECK(deviation(all) == doctest::Approx(1).epsilon(0.02));
  const Tensor far = greater(abs(all), Tensor::full({}, 0.9674216)).to(DType::f32);
  CHECK(std::abs(mean(far).item() - 1.0 / 3) < 0.01);
}

TEST_CASE("nn.init.truncated_normal_errors") {
  CHECK_THROWS_WITH_AS(truncated_normal({3}, {.low = 1, .high = 1}),
                       doctest::Contains("low is 1 and high 1"), Error);
  CHECK_THROWS_WITH_AS(truncated_normal({3}, {.deviation = 0}), doctest::Contains("deviation 0"),
                       Error);
  CHECK_THROWS_WITH_AS(truncated_normal({3}, {.deviation = 0.1, .low = 1, .high = 2}),
                       doctest::Contains("more than 7 deviations from the mean 0"), Error);
}

TEST_CASE("nn.init.same_seed_same_values") {
  Generator a{.seed = 3};
  Generator b{.seed = 3};
  CHECK(orthogonal({4, 6}, 1, &a).to_vector<float>() ==
        orthogonal({4, 6}, 1, &b).to_vector<float>());
  CHECK(truncated_normal({9}, {}, &a).to_vector<float>() ==
        truncated_normal({9}, {}, &b).to_vector<float>());
}

}  // namespace
}  // namespace plastic::nn

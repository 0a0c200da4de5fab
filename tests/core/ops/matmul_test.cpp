#include <doctest/doctest.h>

#include <cmath>

#include "plastic/core/device.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

struct Shape3 {
  std::int64_t m, k, n;
};

/// Σₖ a[i,k]·b[k,j] in double.
std::vector<double> naive_product(const Tensor& a, const Tensor& b) {
  const std::vector<float> left = a.to_vector<float>();
  const std::vector<float> right = b.to_vector<float>();
  const auto m = static_cast<std::size_t>(a.size(0));
  const auto k = static_cast<std::size_t>(a.size(1));
  const auto n = static_cast<std::size_t>(b.size(1));
  std::vector<double> product(m * n);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t j = 0; j < n; ++j) {
        product[i * n + j] += static_cast<double>(left[i * k + p]) * right[p * n + j];
      }
    }
  }
  return product;
}

TEST_CASE("core.ops.matmul.against_naive") {
  Generator generator{.seed = 5};
  const std::int64_t sizes[][3] = {{128, 784, 100}, {100, 128, 33}, {17, 300, 129}, {1, 64, 257},
                                   {1, 15, 3},      {3, 2100, 41},  {5, 33, 7},     {14, 47, 600},
                                   {15, 130, 545},  {32, 2049, 65}, {33, 260, 100}, {90, 7, 300},
                                   {16, 390, 101},  {1, 700, 45},   {28, 1100, 83}, {48, 300, 107},
                                   {128, 130, 270}};
  for (const auto& [m, k, n] : sizes) {
    for (int variant = 0; variant < 4; ++variant) {
      CAPTURE(m);
      CAPTURE(variant);
      const bool left = (variant & 1) != 0;
      const bool right = (variant & 2) != 0;
      const Tensor stored_a = uniform(left ? Shape{k, m} : Shape{m, k}, -1, 1, generator);
      const Tensor stored_b = uniform(right ? Shape{n, k} : Shape{k, n}, -1, 1, generator);
      const Tensor a = left ? stored_a.transpose(0, 1) : stored_a;
      const Tensor b = right ? stored_b.transpose(0, 1) : stored_b;
      const std::vector<float> product = matmul(a, b).to_vector<float>();
      const std::vector<double> expected = naive_product(a, b);
      double worst = 0;
      for (std::size_t i = 0; i < product.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(product[i]) - expected[i]));
      }
      CHECK(worst <= 2e-7 * static_cast<double>(k));
    }
  }
}

TEST_CASE("core.ops.matmul.empty_inner_axis_is_zero") {
  const Tensor y = linear(Tensor::zeros({2, 0}), Tensor::zeros({3, 0}), Tensor::of({1, 2, 3}, {3}));
  CHECK(y.to_vector<float>() == std::vector<float>{1, 2, 3, 1, 2, 3});
  Tensor x = Tensor::zeros({4, 2, 0}).set_requires_grad();
  const Tensor rows = linear(x, Tensor::zeros({3, 0}));
  CHECK(rows.shape() == Shape{4, 2, 3});
  rows.backward(rows);
  CHECK(x.grad().shape() == x.shape());
}

TEST_CASE("core.ops.linear.fused_is_the_chain") {
  Generator generator{.seed = 8};
  const Tensor weight = uniform({150, 40}, -1, 1, generator);
  const Tensor bias = uniform({150}, -1, 1, generator);
  for (const std::int64_t rows : {1, 3, 16, 37, 64}) {
    CAPTURE(rows);
    const Tensor x = uniform({rows, 40}, -1, 1, generator);
    Generator fused{.seed = 9, .offset = 5};
    Generator chained = fused;
    const Tensor y = linear_relu_dropout(x, weight, bias, 0.3, fused);
    const Tensor expected = dropout(relu(linear(x, weight, bias)), 0.3, chained);
    CHECK(y.to_vector<float>() == expected.to_vector<float>());
    CHECK(fused == chained);
  }
  CHECK_THROWS_WITH_AS(linear_relu_dropout(weight, weight, bias, 1, generator),
                       "[linear_relu_dropout] p must be in [0, 1), got 1", Error);
}

TEST_CASE("core.ops.matmul.same_bits_for_any_number_of_threads") {
  Generator generator{.seed = 6};
  const int before = num_threads();
  for (const auto& [m, k, n] :
       {Shape3{200, 300, 130}, {3, 500, 700}, {20, 2100, 260}, {64, 300, 260}}) {
    const Tensor a = uniform({m, k}, -1, 1, generator);
    const Tensor b = uniform({k, n}, -1, 1, generator);
    const Tensor columns = uniform({n, k}, -1, 1, generator).transpose(0, 1);
    set_num_threads(1);
    const std::vector<float> alone = matmul(a, b).to_vector<float>();
    const std::vector<float> alone_columns = matmul(a, columns).to_vector<float>();
    for (const int threads : {2, 3, 5}) {
      set_num_threads(threads);
      CHECK(matmul(a, b).to_vector<float>() == alone);
      CHECK(matmul(a, columns).to_vector<float>() == alone_columns);
    }
  }
  set_num_threads(before);
}

TEST_CASE("core.ops.matmul.same_bits_on_a_rerun") {
  Generator generator{.seed = 6};
  const Tensor a = uniform({128, 300}, -1, 1, generator);
  const Tensor b = uniform({300, 200}, -1, 1, generator);
  CHECK(matmul(a, b).to_vector<float>() == matmul(a, b).to_vector<float>());
}

// The errors of a long sum in f32 would add up where all terms are rounded alike.
TEST_CASE("core.ops.matmul.long_sums_do_not_drift") {
  const std::int64_t k = 1000000;
  const Tensor row = Tensor::full({1, k}, 0.1);
  for (const std::int64_t columns : {1, 3, 8}) {
    CAPTURE(columns);
    const Tensor by_rows = Tensor::ones({k, columns});
    const Tensor by_columns = Tensor::ones({columns, k}).transpose(0, 1);
    for (const Tensor& b : {by_rows, by_columns}) {
      for (const Tensor& a : {row, row.expand({2, k}), Tensor::full({k, 1}, 0.1).transpose(0, 1)}) {
        for (const float sum : matmul(a, b).to_vector<float>()) {
          CHECK(sum == doctest::Approx(1e5).epsilon(1e-4));
        }
      }
    }
  }
}

TEST_CASE("core.ops.matmul.errors") {
  CHECK_THROWS_WITH_AS(matmul(Tensor::zeros({128, 784}), Tensor::zeros({512, 10})),
                       "[matmul] inner sizes differ: (128, 784) x (512, 10)", Error);
  CHECK_THROWS_WITH_AS(matmul(Tensor::zeros({3}), Tensor::zeros({3, 1})),
                       doctest::Contains("needs two matrices"), Error);
  CHECK_THROWS_WITH_AS(linear(Tensor::zeros({2, 5}), Tensor::zeros({3, 4})),
                       doctest::Contains("[linear] input (2, 5) does not fit weight (3, 4)"),
                       Error);
  CHECK_THROWS_WITH_AS(linear(Tensor::zeros({2, 4}), Tensor::zeros({3, 4}), Tensor::zeros({4})),
                       doctest::Contains("bias (4,)"), Error);
}

}  // namespace
}  // namespace plastic

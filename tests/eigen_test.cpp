#include "plastic/eigen.h"

#include <doctest/doctest.h>

#include <Eigen/Dense>

#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "tests/data/files.h"

using namespace plastic;
using plastic::test::contains;
using plastic::test::error_of;

TEST_CASE("eigen.maps_share_memory") {
  Tensor x = Tensor::of({1, 2, 3, 4, 5, 6}, {2, 3});
  const auto matrix = as_matrix<float>(x);
  CHECK(matrix.rows() == 2);
  CHECK(matrix.cols() == 3);
  CHECK(matrix(1, 0) == 4);
  CHECK(matrix.data() == x.data<float>());
  as_mutable_matrix<float>(x)(0, 2) = 30;
  CHECK(matrix(0, 2) == 30);
  CHECK(x.to_vector<float>() == std::vector<float>{1, 2, 30, 4, 5, 6});

  Tensor v = Tensor::arange(4, {.dtype = DType::i64});
  CHECK(as_vector<std::int64_t>(v).sum() == 6);
  as_mutable_vector<std::int64_t>(v) *= 2;
  CHECK(v.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 2, 4, 6});
  Tensor bytes = Tensor::full({2, 2}, 7, {.dtype = DType::u8});
  CHECK(as_matrix<std::uint8_t>(bytes)(1, 1) == 7);
}

TEST_CASE("eigen.maps_of_views") {
  Tensor x = Tensor::arange(24, {.dtype = DType::f64}).reshape({4, 6});
  // Rows and columns of a larger tensor.
  const Tensor part = x.slice(0, 1, 3).slice(1, 2, 5);
  CHECK(to_tensor(as_matrix<double>(part)).to_vector<double>() == part.to_vector<double>());
  for (const Tensor& view : {x.transpose(0, 1), x.slice(1, 0, 6, 2), part.transpose(0, 1),
                             x.slice(0, 0, 1).expand({5, 6}), x.slice(1, 3, 4).expand({4, 2})}) {
    CAPTURE(to_string(view));
    CHECK(to_tensor(as_strided_matrix<double>(view)).to_vector<double>() ==
          view.to_vector<double>());
  }
  const Tensor column = x.slice(1, 3, 4).squeeze(1);
  CHECK(to_tensor(as_vector<double>(column)).to_vector<double>() == column.to_vector<double>());
  Tensor turned = x.transpose(0, 1);
  as_mutable_strided_matrix<double>(turned)(5, 1) = -1;
  CHECK(x.to_vector<double>()[11] == -1);
  Tensor second = x.slice(1, 1, 2).squeeze(1);
  as_mutable_vector<double>(second).setConstant(9);
  CHECK(x.to_vector<double>()[7] == 9);
  CHECK(x.to_vector<double>()[8] == 8);
}

TEST_CASE("eigen.writing_counts") {
  Tensor x = Tensor::ones({2, 2});
  x.set_requires_grad();
  const Tensor y = sum(x * x);
  const std::uint64_t before = x.version();
  as_matrix<float>(x).sum();
  CHECK(x.version() == before);
  as_mutable_matrix<float>(x).setZero();
  CHECK(x.version() > before);
  // What backward would need is no longer there.
  CHECK_THROWS_AS(y.backward(), Error);
}

TEST_CASE("eigen.tensors_of_matrices") {
  Eigen::MatrixXd by_columns(2, 3);
  by_columns << 1, 2, 3, 4, 5, 6;
  const Tensor x = to_tensor(by_columns);
  CHECK(x.shape() == Shape{2, 3});
  CHECK(x.dtype() == DType::f64);
  CHECK(x.to_vector<double>() == std::vector<double>{1, 2, 3, 4, 5, 6});
  // Expressions and transposes.
  CHECK(to_tensor(by_columns.transpose()).to_vector<double>() ==
        std::vector<double>{1, 4, 2, 5, 3, 6});
  CHECK(to_tensor(by_columns.row(1) * 2).to_vector<double>() == std::vector<double>{8, 10, 12});
  CHECK(to_tensor(by_columns.row(1)).shape() == Shape{3});
  CHECK(to_tensor(Eigen::Vector2f(1, 2)).shape() == Shape{2});
  CHECK(to_tensor(Eigen::MatrixXf(1, 3)).shape() == Shape{1, 3});
  CHECK(to_tensor(Eigen::MatrixXf(0, 3)).shape() == Shape{0, 3});
  CHECK(to_tensor((by_columns.array() * 2).cast<std::int64_t>()).dtype() == DType::i64);
  // There and back, and a solver of Eigen's on a tensor.
  Generator generator{.seed = 1};
  const Tensor a = normal({5, 5}, 0, 1, generator, DType::f64);
  const Tensor inverse = to_tensor(as_matrix<double>(a).inverse());
  const Tensor identity = to_tensor(Eigen::MatrixXd::Identity(5, 5));
  CHECK(max(abs(matmul(a, inverse) - identity)).item() < 1e-10);
}

TEST_CASE("eigen.errors") {
  Tensor x = Tensor::zeros({2, 3});
  CHECK(contains(error_of([&] { as_matrix<double>(x); }), {"f32"}));
  CHECK(contains(error_of([&] { as_vector<float>(x); }),
                 {"[as_vector] needs a tensor of rank 1, got shape (2, 3)"}));
  CHECK(contains(error_of([&] { as_matrix<float>(x.flatten()); }), {"[as_matrix] ", "rank 2"}));
  CHECK(contains(error_of([&] { as_matrix<float>(x.transpose(0, 1)); }),
                 {"[as_matrix] elements of a row lie 3 apart", "strided"}));
  CHECK(contains(error_of([] { as_matrix<float>(Tensor()); }), {"undefined"}));
  Tensor expanded = Tensor::zeros({1, 3}).expand({4, 3});
  CHECK(contains(error_of([&] { as_mutable_matrix<float>(expanded); }),
                 {"[as_mutable_matrix] several elements share one place"}));
  CHECK(contains(error_of([&] { as_mutable_strided_matrix<float>(expanded); }),
                 {"several elements share one place"}));
}

#include "optim/matrix/eigenbasis.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "plastic/core/ops.h"
#include "plastic/core/random.h"

using namespace plastic;
using optim::eigenvectors;
using optim::orthonormal_columns;

namespace {

Tensor identity(std::int64_t n) {
  const Tensor i = Tensor::arange(n);
  return equal(i.unsqueeze(0), i.unsqueeze(1)).to(DType::f64);
}

double largest(const Tensor& x) { return max(abs(x)).item(); }

/// How far the columns are from orthonormal.
double defect(const Tensor& q) {
  const Tensor wide = q.to(DType::f64);
  return largest(matmul(wide.transpose(0, 1), wide) - identity(q.size(0)));
}

/// x·xᵀ for a normal x of so many columns: of this rank.
Tensor gram(std::int64_t rows, std::int64_t columns) {
  Generator generator(7);
  const Tensor x = normal({rows, columns}, 0, 1, generator);
  return matmul(x, x.transpose(0, 1));
}

}  // namespace

TEST_CASE("optim.eigenbasis.eigenvectors_make_diagonal") {
  // Several blocks of rotations, ranks that are not full, sizes 1 and 2.
  for (const auto& [size, rank] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {1, 1}, {2, 2}, {7, 3}, {64, 64}, {75, 20}}) {
    CAPTURE(size);
    const Tensor a = gram(size, rank);
    const Tensor q = eigenvectors(a);
    CHECK(defect(q) <= 1e-6);
    const Tensor wide = q.to(DType::f64);
    Tensor d = matmul(matmul(wide.transpose(0, 1), a.to(DType::f64)), wide);
    const Tensor values = diagonal(d).clone();
    for (std::int64_t i = 1; i < size; ++i) {
      CHECK(values.slice(0, i, i + 1).item() <=
            values.slice(0, i - 1, i).item() + 1e-5 * largest(a));
    }
    diagonal(d).fill_(0);
    CHECK(largest(d) <= 2e-6 * largest(values));
  }
}

TEST_CASE("optim.eigenbasis.eigenvectors_of_what_is_diagonal") {
  const Tensor a = Tensor::of({1, 0, 0, 0, 3, 0, 0, 0, 2}, {3, 3});
  const Tensor q = abs(eigenvectors(a));
  CHECK(q.to_vector<float>() == std::vector<float>{0, 0, 1, 1, 0, 0, 0, 1, 0});
  // A multiple of the identity has any basis.
  CHECK(defect(eigenvectors(Tensor::zeros({5, 5}))) == 0);
}

TEST_CASE("optim.eigenbasis.columns_keep_what_they_span") {
  for (const std::int64_t size : {1, 2, 31, 32, 33, 100}) {
    CAPTURE(size);
    Generator generator(3);
    const Tensor a = normal({size, size}, 0, 1, generator);
    const Tensor q = orthonormal_columns(a);
    CHECK(defect(q) <= 2e-6);
    // QᵀA is upper triangular.
    const Tensor r = matmul(q.to(DType::f64).transpose(0, 1), a.to(DType::f64));
    const Tensor i = Tensor::arange(size);
    const Tensor below = less(i.unsqueeze(0), i.unsqueeze(1)).to(DType::f64);
    CHECK(largest(r * below) <= 1e-5 * largest(r));
  }
}

TEST_CASE("optim.eigenbasis.columns_that_depend_on_each_other") {
  for (const std::int64_t size : {2, 40, 70}) {
    CAPTURE(size);
    CHECK(defect(orthonormal_columns(gram(size, 1))) <= 2e-6);
    CHECK(defect(orthonormal_columns(Tensor::zeros({size, size}))) == 0);
  }
}

TEST_CASE("optim.eigenbasis.values_at_the_ends_of_the_range") {
  for (const double unit : {1e-18, 1e18}) {
    CAPTURE(unit);
    CHECK(defect(eigenvectors(gram(20, 20) * unit)) <= 1e-6);
    CHECK(defect(orthonormal_columns(gram(40, 40) * unit)) <= 2e-6);
  }
  for (const double odd :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Tensor a = gram(5, 5);
    a.slice(0, 1, 2).fill_(odd);
    CHECK(min(isnan(eigenvectors(a))).item() == 1);
    CHECK(min(isnan(orthonormal_columns(a))).item() == 1);
  }
}

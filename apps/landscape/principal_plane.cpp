#include "apps/landscape/principal_plane.h"

#include <cmath>
#include <cstddef>
#include <utility>

#include "core/check.h"
#include "plastic/core/tensor.h"

namespace plastic::apps {
namespace {

// What of a component is no more than rounding, as a share of the variance.
constexpr double negligible = 1e-12;
constexpr int max_iterations = 1000;

/// The eigenvector of the largest eigenvalue of a symmetric matrix without negative ones, and that
/// eigenvalue, by the power method: matrices are small, and a picture needs no more digits.
std::pair<std::vector<double>, double> largest_eigen(
    const std::vector<std::vector<double>>& matrix) {
  // The longest column has a part in it.
  std::size_t longest = 0;
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    if (matrix[i][i] > matrix[longest][longest]) longest = i;
  }
  std::vector<double> v = matrix[longest];
  double value = 0.0;
  for (int iteration = 0; iteration < max_iterations; ++iteration) {
    const double length = std::sqrt(dot(v, v));
    if (length == 0.0) return {v, 0.0};
    for (double& element : v) element /= length;
    std::vector<double> next;
    for (const auto& row : matrix) next.push_back(dot(row, v));
    const double rest = std::abs(length - value);
    value = length;
    v = std::move(next);
    if (iteration > 1 && rest <= 1e-14 * value) break;
  }
  const double length = std::sqrt(dot(v, v));
  for (double& element : v) element /= length;
  return {v, length};
}

/// A vector of length 1 in the direction of v; v must not be 0.
Weights normalized(Weights v) {
  const double length = std::sqrt(dot(v, v));
  for (double& element : v) element /= length;
  return v;
}

}  // namespace

PrincipalPlane principal_plane(const std::vector<Weights>& points, Generator& generator) {
  const std::size_t count = points.size();
  const std::size_t size = points.front().size();
  PrincipalPlane plane{.origin = Weights(size, 0.0)};
  for (const Weights& point : points) {
    plane.origin = plus(std::move(plane.origin), 1.0 / static_cast<double>(count), point);
  }
  std::vector<Weights> offsets;
  for (const Weights& point : points) offsets.push_back(plus(point, -1.0, plane.origin));
  std::vector<std::vector<double>> products(count, std::vector<double>(count));
  double variance = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) products[i][j] = dot(offsets[i], offsets[j]);
    variance += products[i][i];
  }
  if (!(variance > 0.0)) {
    fail("landscape", "the networks are all the same, so there is no plane through them");
  }
  for (const std::size_t axis : {std::size_t{0}, std::size_t{1}}) {
    const auto [coordinates, value] = largest_eigen(products);
    Weights direction(size, 0.0);
    if (value > negligible * variance) {
      plane.shares[axis] = value / variance;
      for (std::size_t i = 0; i < count; ++i) {
        direction = plus(std::move(direction), coordinates[i], offsets[i]);
      }
    } else {
      direction = normal({static_cast<std::int64_t>(size)}, 0, 1, generator, DType::f64)
                      .to_vector<double>();
    }
    if (axis == 1) direction = plus(direction, -dot(direction, plane.first), plane.first);
    (axis == 0 ? plane.first : plane.second) = normalized(std::move(direction));
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < count; ++j) {
        products[i][j] -= value * coordinates[i] * coordinates[j];
      }
    }
  }
  return plane;
}

}  // namespace plastic::apps

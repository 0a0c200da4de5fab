#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "core/check.h"
#include "optim/check_option.h"
#include "optim/curvature/flat_loss.h"
#include "optim/curvature/tridiagonal.h"
#include "plastic/optim/curvature.h"

namespace plastic::optim {
namespace {

constexpr const char* op = "hessian_eigenvalues";

// The distance between two gradients, as a share of 1 + ‖θ‖: at first, and at the least, where
// rounding reaches the share of a product by which its sides may differ. The first is smaller than
// a smooth loss needs: the closer the gradients, the fewer kinks of ReLUs lie between.
constexpr double first_distance = 1e-7;
constexpr double least_distance = 1e-12;
constexpr double shrink = 0.1;
constexpr double max_mismatch = 1e-4;

// A Krylov space that grows by less than this, as a share of its largest eigenvalue, is whole.
constexpr double negligible = 1e-10;

/// The Hessian of a loss where the parameters are.
class Hessian {
 public:
  explicit Hessian(FlatLoss& loss)
      : loss_(loss), middle_(loss.mean_gradient()), scale_(1.0 + loss.parameter_norm()) {}

  /// H·v; v has length 1.
  FlatVector times(const FlatVector& v) {
    FlatVector best;
    double best_mismatch = 0.0;
    for (double distance = distance_;; distance *= shrink) {
      auto [product, mismatch] = difference(v, distance * scale_);
      const double size = std::max(largest_, norm(product));
      if (best.empty() || mismatch < best_mismatch) {
        best = std::move(product);
        best_mismatch = mismatch;
        distance_ = distance;
      }
      if (mismatch <= max_mismatch * size || distance * shrink < least_distance) break;
    }
    largest_ = std::max(largest_, norm(best));
    if (largest_ > 0.0) roughness_ = std::max(roughness_, best_mismatch / largest_);
    return best;
  }

  double roughness() const { return roughness_; }

 private:
  /// The central difference, and the distance between those of the two sides.
  std::pair<FlatVector, double> difference(const FlatVector& v, double h) {
    loss_.move(v, h);
    FlatVector product = loss_.mean_gradient();
    loss_.move(v, -h);
    const FlatVector behind = loss_.mean_gradient();
    double mismatch = 0.0;
    for (std::size_t i = 0; i < product.size(); ++i) {
      const double bend = (product[i] - middle_[i]) - (middle_[i] - behind[i]);
      mismatch += bend * bend;
      product[i] = (product[i] - behind[i]) / (2.0 * h);
    }
    return {std::move(product), std::sqrt(mismatch) / h};
  }

  FlatLoss& loss_;
  FlatVector middle_;
  double scale_;
  double distance_ = first_distance;
  double largest_ = 0.0;
  double roughness_ = 0.0;
};

/// Takes what lies in the span of `basis` out of w; twice, as once leaves rounding.
void orthogonalize(FlatVector& w, const std::vector<FlatVector>& basis) {
  for (int pass = 0; pass < 2; ++pass) {
    for (const FlatVector& q : basis) add_multiple(w, -dot(q, w), q);
  }
}

/// A vector of length 1 drawn at random and orthogonal to `basis`.
FlatVector random_vector(std::size_t size, const std::vector<FlatVector>& basis,
                         Generator& generator) {
  FlatVector v =
      normal({static_cast<std::int64_t>(size)}, 0, 1, generator, DType::f64).to_vector<double>();
  orthogonalize(v, basis);
  const double length = norm(v);
  for (double& element : v) element /= length;
  return v;
}

/// The basis of a Krylov space and the tridiagonal matrix that the Hessian is in it.
struct Krylov {
  std::vector<FlatVector> basis;
  std::vector<double> diagonal;
  std::vector<double> beside;
};

/// Whether the first `count` eigenvalues of the matrix are within their tolerances, if the next
/// vector has the length `next` before it is normalised.
bool are_found(const TridiagonalEigen& eigen, std::size_t count, double next, double tolerance) {
  if (eigen.values.size() < count) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (next * std::abs(eigen.vectors[i].back()) > tolerance * std::abs(eigen.values[i])) {
      return false;
    }
  }
  return true;
}

double largest_of(const TridiagonalEigen& eigen) {
  return std::max(std::abs(eigen.values.front()), std::abs(eigen.values.back()));
}

/// The approximate eigenvector with these coordinates, of length 1.
FlatVector combined(const std::vector<FlatVector>& basis, const std::vector<double>& coordinates) {
  FlatVector v(basis.front().size(), 0.0);
  for (std::size_t i = 0; i < coordinates.size(); ++i) add_multiple(v, coordinates[i], basis[i]);
  const double length = norm(v);
  for (double& element : v) element /= length;
  return v;
}

void check(const std::vector<Tensor>& parameters, const HessianOptions& options, std::size_t size) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].dtype() == DType::f64) continue;
    fail(op, "parameter ", i, " is ", name_of(parameters[i].dtype()),
         "; differences of gradients need f64: convert the model with nn::convert()");
  }
  if (options.eigenvalues < 1 || options.max_iterations < options.eigenvalues) {
    fail(op, "cannot find ", options.eigenvalues, " eigenvalues in ", options.max_iterations,
         " iterations; expected 1 or more, and at least as many iterations");
  }
  if (static_cast<std::size_t>(options.eigenvalues) > size) {
    fail(op, "cannot find ", options.eigenvalues, " eigenvalues of ", size,
         size == 1 ? " parameter" : " parameters", "; ask for fewer");
  }
  check_above(op, "tolerance", options.tolerance, 0);
}

}  // namespace

HessianEigenvalues hessian_eigenvalues(const std::vector<Tensor>& parameters, const BatchLoss& loss,
                                       const HessianOptions& options) {
  FlatLoss flat(op, parameters, loss);
  check(parameters, options, flat.size());
  const auto count = static_cast<std::size_t>(options.eigenvalues);
  const std::size_t most = std::min(flat.size(), static_cast<std::size_t>(options.max_iterations));
  Generator generator = options.generator;
  Hessian hessian(flat);
  Krylov krylov;
  TridiagonalEigen eigen;
  krylov.basis.push_back(random_vector(flat.size(), krylov.basis, generator));
  while (true) {
    FlatVector w = hessian.times(krylov.basis.back());
    krylov.diagonal.push_back(dot(krylov.basis.back(), w));
    orthogonalize(w, krylov.basis);
    double next = norm(w);
    eigen = tridiagonal_eigen(krylov.diagonal, krylov.beside);
    if (are_found(eigen, count, next, options.tolerance) || krylov.basis.size() == most) break;
    if (next <= negligible * largest_of(eigen)) {
      if (eigen.values.size() >= count) break;
      w = random_vector(flat.size(), krylov.basis, generator);
      next = 0.0;
    } else {
      for (double& element : w) element /= next;
    }
    krylov.beside.push_back(next);
    krylov.basis.push_back(std::move(w));
  }

  HessianEigenvalues found;
  found.iterations = static_cast<int>(krylov.basis.size());
  found.converged = true;
  const double least = negligible * largest_of(eigen);
  for (std::size_t i = 0; i < count; ++i) {
    const double value = eigen.values[i];
    const FlatVector v = combined(krylov.basis, eigen.vectors[i]);
    FlatVector rest = hessian.times(v);
    add_multiple(rest, -value, v);
    const double residual = norm(rest);
    found.values.push_back(value);
    found.residuals.push_back(residual);
    found.vectors.push_back(flat.shaped(v));
    found.converged =
        found.converged && residual <= std::max(2.0 * options.tolerance * std::abs(value), least);
  }
  found.roughness = hessian.roughness();
  return found;
}

}  // namespace plastic::optim

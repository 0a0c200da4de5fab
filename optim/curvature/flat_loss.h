#pragma once

#include <cstdint>
#include <vector>

#include "plastic/core/tensor.h"
#include "plastic/optim/curvature.h"

namespace plastic::optim {

/// All elements of the parameters, one after the other.
using FlatVector = std::vector<double>;

double dot(const FlatVector& a, const FlatVector& b);
double norm(const FlatVector& a);
/// y ← y + factor·x.
void add_multiple(FlatVector& y, double factor, const FlatVector& x);

/// A loss as a function of one vector. The parameters get their values and gradients back when it
/// goes.
class FlatLoss {
 public:
  /// Throws Error of `op` for parameters that are not distinct leaves on the CPU, do not require a
  /// gradient or are neither f32 nor f64.
  FlatLoss(const char* op, const std::vector<Tensor>& parameters, const BatchLoss& loss);
  ~FlatLoss();
  FlatLoss(const FlatLoss&) = delete;
  FlatLoss& operator=(const FlatLoss&) = delete;

  std::size_t size() const { return size_; }
  /// The Euclidean norm of the parameters as they were given.
  double parameter_norm() const;
  /// Puts the parameters at where they were given plus distance·direction.
  void move(const FlatVector& direction, double distance);
  /// The gradient of one batch's loss, where the parameters are. Throws Error where it is not
  /// finite.
  FlatVector gradient(std::int64_t batch);
  /// The mean over all batches.
  FlatVector mean_gradient();
  /// A vector as one f64 tensor per parameter.
  std::vector<Tensor> shaped(const FlatVector& vector) const;

 private:
  const char* op_;
  std::vector<Tensor> parameters_;
  const BatchLoss& loss_;
  std::vector<Tensor> values_;
  std::vector<Tensor> gradients_;
  std::size_t size_ = 0;
};

}  // namespace plastic::optim

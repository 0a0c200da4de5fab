#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// While one exists, operations on this thread record nothing, and tensors that require gradients
/// may be written in place.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

/// Whether operations on this thread record what backward() needs.
bool grad_enabled();

/// While one exists, every operation on this thread, forward and backward, is checked for results
/// that are not finite: throws Error naming the operation that made the first. Slow; for debugging.
class DetectAnomaly {
 public:
  DetectAnomaly();
  ~DetectAnomaly();
  DetectAnomaly(const DetectAnomaly&) = delete;
  DetectAnomaly& operator=(const DetectAnomaly&) = delete;

 private:
  bool before_;
};

/// How gradcheck() compares.
struct GradcheckOptions {
  /// Half the width of the central difference.
  double step = 1e-6;
  /// An element passes if its two gradients differ by no more than this plus relative_tolerance
  /// times the numeric one.
  double absolute_tolerance = 1e-6;
  /// See absolute_tolerance.
  double relative_tolerance = 1e-5;
};

/// What gradcheck() found.
struct GradcheckResult {
  /// Whether every element's gradient is within the tolerances.
  bool passed = true;
  /// Where the analytic and the numeric gradient differ most, with both values.
  std::string message;
};

/// Compares the gradient that backward() gives with central differences, for every element of every
/// f64 input that requires a gradient. A result of several elements is reduced to one by a weighted
/// sum with fixed, distinct weights, so that no element's gradient goes unseen. `function` must be
/// deterministic. Throws Error if an input that requires a gradient is not f64.
GradcheckResult gradcheck(const std::function<Tensor(std::span<const Tensor>)>& function,
                          std::span<const Tensor> inputs, const GradcheckOptions& options = {});

}  // namespace plastic

#pragma GCC visibility pop

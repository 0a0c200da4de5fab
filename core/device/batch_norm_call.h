#pragma once

#include <cstdint>

#include "plastic/core/dtype.h"

namespace plastic {

class BatchSums;

/// The dtype of weights, biases and running statistics of a normalisation in `dtype`.
inline DType parameter_dtype(DType dtype) { return dtype == DType::bf16 ? DType::f32 : dtype; }

/// A batch normalisation as kernels see it: rows of `channels` values without gaps, a row a pixel.
/// y = (x - mean) / √(variance + eps) · weight + bias + skip, and then max(y, 0) if `relu`.
struct BatchNormCall {
  DType dtype = DType::f32;
  std::int64_t rows = 0;
  std::int64_t channels = 0;
  const void* x = nullptr;
  /// f64 (channels), like variance.
  const double* mean = nullptr;
  const double* variance = nullptr;
  double eps = 0;
  /// (channels), of parameter_dtype(dtype); null for 1.
  const void* weight = nullptr;
  /// (channels), of parameter_dtype(dtype); null for 0.
  const void* bias = nullptr;
  /// As x; null for 0.
  const void* skip = nullptr;
  bool relu = false;
};

/// What a batch normalisation's backward pass reads and writes.
struct BatchNormGrad {
  const void* grad_y = nullptr;
  /// The result; read where relu is on and there is a skip.
  const void* y = nullptr;
  /// Whether mean and variance are those of x, so that the gradient passes through them.
  bool through_statistics = true;
  /// Where x is a part of the batch that they are of: what adds up the parts' sums for grad_x. The
  /// gradients of weight and bias are this part's.
  BatchSums* parts = nullptr;
  /// As x; null where not wanted.
  void* grad_x = nullptr;
  /// As x; null where not wanted or where it is grad_y itself, without relu.
  void* grad_skip = nullptr;
  /// (channels), of parameter_dtype(dtype); null where not wanted.
  void* grad_weight = nullptr;
  void* grad_bias = nullptr;
};

/// An update of running statistics by a batch's, all of (channels), as MoveTowards of
/// core/ops/running_statistics_rule.h has it; the values are the batch's mean and its variance
/// times `bessel`.
struct BatchNormRunning {
  /// The dtype of the running statistics.
  DType dtype = DType::f32;
  std::int64_t channels = 0;
  double momentum = 0;
  double bessel = 1;
  /// The batch's statistics.
  const double* mean = nullptr;
  const double* variance = nullptr;
  void* running_mean = nullptr;
  void* running_var = nullptr;
};

}  // namespace plastic

#pragma once

#include <cstdint>

#include "core/cpu/level.h"

namespace plastic::optim {

/// Sums over elements of a tensor at a step; u is its update and p the one before.
struct UpdateSums {
  double weight_square = 0, gradient_square = 0, update_square = 0;
  /// 0 where p is not known.
  double previous_square = 0, product = 0;
};

/// Some elements: the weights after the step, the gradient, the weights before the step, and those
/// before the step before, null where they are not known.
struct UpdatePiece {
  const float *weights, *gradient, *before, *earlier;
  std::int64_t count;
};

void add(UpdateSums& sums, const UpdateSums& more);

/// The mean of some elements and Σ(x - mean)²: numbers that are close together keep their
/// deviation.
struct SignalMoments {
  double count = 0, mean = 0, square = 0;
  /// How many elements are at a clip.
  std::int64_t at_low = 0, at_high = 0;
};

/// Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
/// variances" (1979).
void add(SignalMoments& moments, const SignalMoments& more);

struct ProbeSums {
  UpdateSums (*of_update)(const UpdatePiece& piece);
  SignalMoments (*of_signal)(const float* values, std::int64_t count, float low, float high);
};

/// The loops at each level.
const ProbeSums& probe_sums_baseline();
const ProbeSums& probe_sums_avx2();
const ProbeSums& probe_sums_avx512();

}  // namespace plastic::optim

#pragma once

#include <cstdint>

namespace plastic::optim {

/// Sums over the elements of a tensor at a step; u is its update and p the one before.
struct UpdateNorms {
  double weight_square = 0, gradient_square = 0, update_square = 0;
  double previous_square = 0, product = 0;

  double cosine() const;
};

/// `earlier` are the weights before the step before, null where they are not known: then the last
/// two sums stay 0. The same bits for any number of threads.
UpdateNorms update_norms(const float* weights, const float* gradient, const float* before,
                         const float* earlier, std::int64_t count);

}  // namespace plastic::optim

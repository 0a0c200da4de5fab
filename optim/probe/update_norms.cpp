#include "optim/probe/update_norms.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "core/threads/parallel.h"
#include "optim/cpu_lanes.h"

namespace plastic::optim {
namespace {

/// In f64: the differences are exact there, and no square is too large.
template <bool has_earlier>
UpdateNorms norms_of_chunk(const float* __restrict weights, const float* __restrict gradient,
                           const float* __restrict before, const float* __restrict earlier,
                           std::int64_t count) {
  constexpr int lanes = 8;
  double weight[lanes] = {}, size[lanes] = {}, update[lanes] = {};
  double previous[lanes] = {}, product[lanes] = {};
  for_lanes<lanes>(count,
                   [=, &weight, &size, &update, &previous, &product](std::int64_t i, int lane) {
                     const auto theta = static_cast<double>(weights[i]);
                     const auto g = static_cast<double>(gradient[i]);
                     const auto from = static_cast<double>(before[i]);
                     const double u = theta - from;
                     weight[lane] += theta * theta;
                     size[lane] += g * g;
                     update[lane] += u * u;
                     if (!has_earlier) return;
                     const double p = from - static_cast<double>(earlier[i]);
                     previous[lane] += p * p;
                     product[lane] += u * p;
                   });
  return {total(weight), total(size), total(update), total(previous), total(product)};
}

}  // namespace

double UpdateNorms::cosine() const {
  if (!(update_square > 0 && previous_square > 0)) return std::numeric_limits<double>::quiet_NaN();
  const double cosine = product / (std::sqrt(update_square) * std::sqrt(previous_square));
  return std::clamp(cosine, -1.0, 1.0);
}

UpdateNorms update_norms(const float* weights, const float* gradient, const float* before,
                         const float* earlier, std::int64_t count) {
  std::vector<UpdateNorms> partial(static_cast<std::size_t>(chunk_count(count)));
  parallel_for(0, std::ssize(partial), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t chunk = first; chunk < last; ++chunk) {
      const std::int64_t at = chunk * reduction_chunk;
      const std::int64_t size = std::min(reduction_chunk, count - at);
      partial[static_cast<std::size_t>(chunk)] =
          earlier == nullptr
              ? norms_of_chunk<false>(weights + at, gradient + at, before + at, before + at, size)
              : norms_of_chunk<true>(weights + at, gradient + at, before + at, earlier + at, size);
    }
  });
  UpdateNorms sums;
  for (const UpdateNorms& part : partial) {
    sums.weight_square += part.weight_square;
    sums.gradient_square += part.gradient_square;
    sums.update_square += part.update_square;
    sums.previous_square += part.previous_square;
    sums.product += part.product;
  }
  return sums;
}

}  // namespace plastic::optim

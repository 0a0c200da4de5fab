// What NeuroPlastic shows of a step: the functions of classic.h once more, over the state that the
// step left.
#include "optim/neuroplastic/cpu_inspect.h"

#include "optim/cpu_lanes.h"

namespace plastic::optim::neuroplastic {
namespace {

/// Elements whose shares are kept at a time.
constexpr std::int64_t block = 512;

/// The signals of up to `block` elements, and the three terms as shares of their sum, all 0 where
/// that is 0. Element by element, without sums, which compilers turn into vectors.
void show_block(const Shown shown, const float* __restrict g, const float* __restrict a,
                const float* __restrict m, const float* __restrict v, float* __restrict alphas,
                float* __restrict activities, float* __restrict gradients,
                float* __restrict memories, float* __restrict activity_shares,
                float* __restrict gradient_shares, float* __restrict memory_shares,
                std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float size = std::fabs(g[i]);
    const float w = memory({a[i], m[i], v[i]}, shown.own.eps);
    alphas[i] = alpha(shown.own, g[i], a[i], w).full;
    activities[i] = shown.relative.activity * a[i];
    gradients[i] = shown.relative.gradient * size;
    memories[i] = shown.relative.memory * w;
    const float from_activity = shown.weighted.activity * a[i];
    const float from_gradient = shown.weighted.gradient * size;
    const float from_memory = shown.weighted.memory * w;
    const float sum = from_activity + from_gradient + from_memory;
    // Without any signal the shares are 0.
    const float scale = 1 / (sum > 0 ? sum : 1);
    activity_shares[i] = from_activity * scale;
    gradient_shares[i] = from_gradient * scale;
    memory_shares[i] = from_memory * scale;
  }
}

/// The sum of few numbers between 0 and 1.
double sum_of(const float* values, std::int64_t count) {
  constexpr int lanes = 16;
  float sums[lanes] = {};
  for_lanes<lanes>(count, [=, &sums](std::int64_t i, int lane) { sums[lane] += values[i]; });
  return total(sums);
}

ShareSums show_piece(const Shown& shown, const ShownPiece& p) {
  float activity[block], gradient[block], memory[block];
  ShareSums sums;
  for (std::int64_t at = 0; at < p.count; at += block) {
    const std::int64_t count = block < p.count - at ? block : p.count - at;
    show_block(shown, p.g + at, p.a + at, p.m + at, p.v + at, p.alpha + at, p.activity + at,
               p.gradient + at, p.memory + at, activity, gradient, memory, count);
    sums.activity += sum_of(activity, count);
    sums.gradient += sum_of(gradient, count);
    sums.memory += sum_of(memory, count);
  }
  return sums;
}

}  // namespace

ShowPiece* PLASTIC_AT_LEVEL(show_piece)() { return show_piece; }

}  // namespace plastic::optim::neuroplastic

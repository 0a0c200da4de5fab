// What NeuroPlastic shows of a step: the functions of classic.h once more, over the state that the
// step left.
#include "optim/neuroplastic/inspect.h"

#include <algorithm>
#include <limits>

#include "core/threads/parallel.h"
#include "optim/cpu_lanes.h"

namespace plastic::optim::neuroplastic {
namespace {

/// Elements whose shares are kept at a time.
constexpr std::int64_t block = 512;

struct Inputs {
  const float *g, *a, *m, *v;
};

struct Outputs {
  float *alpha, *activity, *gradient, *memory;
};

/// Σ of each signal's share in the combined signal, over the `counted` elements that have one.
struct ShareSums {
  double activity = 0, gradient = 0, memory = 0, counted = 0;
};

/// The signals of up to `block` elements, and w_a·â, w_g·ĝ and w_m·m̂ as shares of their sum, all 0
/// where that is 0. `own` gives α; `weighted` has the three terms of the combined signal, and
/// `relative` the signals themselves. Element by element, without sums, which compilers turn into
/// vectors.
void show_block(const Coefficient own, const Coefficient weighted, const Coefficient relative,
                const float* __restrict g, const float* __restrict a, const float* __restrict m,
                const float* __restrict v, float* __restrict alphas, float* __restrict activities,
                float* __restrict gradients, float* __restrict memories,
                float* __restrict activity_shares, float* __restrict gradient_shares,
                float* __restrict memory_shares, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float size = std::fabs(g[i]);
    const float w = neuroplastic::memory({a[i], m[i], v[i]}, own.eps);
    alphas[i] = alpha(own, g[i], a[i], w).full;
    activities[i] = relative.activity * a[i];
    gradients[i] = relative.gradient * size;
    memories[i] = relative.memory * w;
    const float from_activity = weighted.activity * a[i];
    const float from_gradient = weighted.gradient * size;
    const float from_memory = weighted.memory * w;
    const float sum = from_activity + from_gradient + from_memory;
    // Without any signal the shares are 0.
    const float scale = 1 / (sum > 0 ? sum : 1);
    activity_shares[i] = from_activity * scale;
    gradient_shares[i] = from_gradient * scale;
    memory_shares[i] = from_memory * scale;
  }
}

/// Of few numbers between 0 and 1.
double sum_of(const float* values, std::int64_t count) {
  constexpr int lanes = 16;
  float sums[lanes] = {};
  for_lanes<lanes>(count, [=, &sums](std::int64_t i, int lane) { sums[lane] += values[i]; });
  return total(sums);
}

ShareSums inspect_piece(const Coefficient& own, const Coefficient& weighted,
                        const Coefficient& relative, const Inputs& in, const Outputs& out,
                        std::int64_t all) {
  float activity[block], gradient[block], memory[block];
  ShareSums sums;
  for (std::int64_t at = 0; at < all; at += block) {
    const std::int64_t count = std::min(block, all - at);
    show_block(own, weighted, relative, in.g + at, in.a + at, in.m + at, in.v + at, out.alpha + at,
               out.activity + at, out.gradient + at, out.memory + at, activity, gradient, memory,
               count);
    sums.activity += sum_of(activity, count);
    sums.gradient += sum_of(gradient, count);
    sums.memory += sum_of(memory, count);
  }
  // The three shares of an element add up to 1, or to 0.
  sums.counted = sums.activity + sums.gradient + sums.memory;
  return sums;
}

/// The coefficient that gives â, ĝ and m̂, or the weighted terms, element by element.
Coefficient elementwise(ClassicSettings settings, const SignalSums& sums, std::int64_t n) {
  settings.parameterwise = true;
  return coefficient(settings, sums, n);
}

Coefficient unweighted(ClassicSettings settings, const SignalSums& sums, std::int64_t n) {
  settings.activity_weight = settings.gradient_weight = settings.memory_weight = 1;
  return elementwise(settings, sums, n);
}

}  // namespace

std::vector<Signal> signals_between(double low, double high) {
  const auto relative = [](const char* name) {
    return Signal{.name = name, .low = 0x1p-10, .high = 0x1p10, .is_logarithmic = true};
  };
  // A range of one number has no bins, and everything is at its ends.
  const bool is_range = low < high;
  return {{.name = "alpha",
           .low = is_range ? low : 0,
           .high = is_range ? high : 2 * high,
           .is_clipped = is_range},
          relative("activity"),
          relative("gradient"),
          relative("memory")};
}

Inspection inspect(const Settings& settings, const TensorTotals& totals,
                   const InspectedState& state) {
  const std::int64_t n = state.gradient.numel();
  const Coefficient own = coefficient(settings, totals.signals, n);
  const Coefficient weighted = elementwise(settings, totals.signals, n);
  const Coefficient relative = unweighted(settings, totals.signals, n);

  Inspection shown;
  float* outputs[4];
  for (float*& output : outputs) {
    shown.signals.push_back(Tensor::empty(state.gradient.shape()));
    output = shown.signals.back().mutable_data<float>();
  }
  const Inputs in{state.gradient.data<float>(), state.activity.data<float>(),
                  state.momentum.data<float>(), state.variance.data<float>()};
  std::vector<ShareSums> partial(static_cast<std::size_t>(chunk_count(n)));
  parallel_for(0, std::ssize(partial), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t chunk = first; chunk < last; ++chunk) {
      const std::int64_t at = chunk * reduction_chunk;
      partial[static_cast<std::size_t>(chunk)] =
          inspect_piece(own, weighted, relative, {in.g + at, in.a + at, in.m + at, in.v + at},
                        {outputs[0] + at, outputs[1] + at, outputs[2] + at, outputs[3] + at},
                        std::min(reduction_chunk, n - at));
    }
  });
  ShareSums shares;
  for (const ShareSums& sums : partial) {
    shares.activity += sums.activity;
    shares.gradient += sums.gradient;
    shares.memory += sums.memory;
    shares.counted += sums.counted;
  }
  const auto mean = [&](double sum) {
    return shares.counted > 0 ? sum / shares.counted : std::numeric_limits<double>::quiet_NaN();
  };
  // Where α = α₀, it is made of the gradient alone.
  const bool looks_back = settings.blend != 0;
  const double clipped = limit_factor(totals.norm, settings.max_update_norm, settings.eps);
  shown.numbers = {{"norm_clip", clipped},
                   {"gain", gain(settings, totals.norm * clipped, n)},
                   {"activity_share", looks_back ? mean(shares.activity) : 0},
                   {"gradient_share", looks_back ? mean(shares.gradient) : 1},
                   {"memory_share", looks_back ? mean(shares.memory) : 0}};
  return shown;
}

}  // namespace plastic::optim::neuroplastic

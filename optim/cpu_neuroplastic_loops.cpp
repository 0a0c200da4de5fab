#include "optim/cpu_neuroplastic_loops.h"

namespace plastic::optim {
namespace {

using rule::Variant;

/// Partial sums that a vector register or two hold; element i goes into sum i % lanes.
constexpr int lanes = 16;

/// Calls f(i, lane) for i in [0, count), in the shape that compilers turn into vectors.
template <class F>
inline void for_lanes(std::int64_t count, F&& f) {
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (int lane = 0; lane < lanes; ++lane) f(i + lane, lane);
  }
  for (int lane = 0; i + lane < count; ++lane) f(i + lane, lane);
}

double total(const float (&sums)[lanes]) {
  double out = 0;
  for (const float sum : sums) out += static_cast<double>(sum);
  return out;
}

rule::SignalSums observe_traces(const float* __restrict g, float* __restrict a, float* __restrict m,
                                float* __restrict v, std::int64_t count, float eps) {
  float gradient[lanes] = {};
  float activity[lanes] = {};
  float memory[lanes] = {};
  for_lanes(count, [&](std::int64_t i, int lane) {
    const rule::Traces t = rule::observe({a[i], m[i], v[i]}, g[i]);
    a[i] = t.a;
    m[i] = t.m;
    v[i] = t.v;
    gradient[lane] += std::fabs(g[i]);
    activity[lane] += t.a;
    memory[lane] += rule::memory(t, eps);
  });
  return {total(gradient), total(activity), total(memory)};
}

void observe_averages(const rule::Base& base, const ChunkPointers& p) {
  for (std::int64_t i = 0; i < p.count; ++i) {
    const float square = p.square == nullptr ? 0 : p.square[i];
    const rule::Averages out = rule::observe(base, {p.average[i], square}, p.g[i], p.theta[i]);
    p.average[i] = out.average;
    if (p.square != nullptr) p.square[i] = out.square;
  }
}

/// Σ(α·g + λ·θ)²; θ is read only where there is decay.
template <bool decays>
double classic_square(const rule::Settings& s, const rule::Coefficient& c,
                      const float* __restrict theta, const float* __restrict g,
                      const float* __restrict a, const float* __restrict m,
                      const float* __restrict v, std::int64_t count) {
  float sums[lanes] = {};
  const rule::Coefficient local = c;
  for_lanes(count, [&](std::int64_t i, int lane) {
    const rule::Alpha alpha = rule::alpha(local, g[i], {a[i], m[i], v[i]});
    const float t = decays ? theta[i] : 0;
    const float y = rule::direction(s, Variant::classic, {}, alpha, g[i], {}, t).y;
    sums[lane] += y * y;
  });
  return total(sums);
}

template <Variant variant>
rule::Averages averages(const ChunkPointers& p, std::int64_t i) {
  rule::Averages out;
  if constexpr (variant == Variant::adamw) out.square = p.square[i];
  if constexpr (variant == Variant::adamw || variant == Variant::sgd_momentum) {
    out.average = p.average[i];
  }
  return out;
}

template <Variant variant>
rule::UpdateSums measure_products(const rule::Settings& s, bool with_log_ratio,
                                  const rule::Base& base, const rule::Coefficient& c,
                                  const ChunkPointers& p) {
  rule::UpdateSums sums;
  for (std::int64_t i = 0; i < p.count; ++i) {
    const rule::Alpha alpha = rule::alpha(c, p.g[i], {p.a[i], p.m[i], p.v[i]});
    const rule::Direction d =
        rule::direction(s, variant, base, alpha, p.g[i], averages<variant>(p, i), p.theta[i]);
    const auto x = static_cast<double>(d.x);
    const auto y = static_cast<double>(d.y);
    const auto t = static_cast<double>(p.theta[i]);
    add(sums, {x * x, x * y, y * y, x * t, y * t, t * t, 0});
    if (with_log_ratio) sums.log_ratio += static_cast<double>(rule::log_ratio(alpha, c.eps));
  }
  return sums;
}

template <Variant variant>
void apply_variant(const rule::Settings& s, const rule::Base& base, const rule::Coefficient& c,
                   const rule::Update& update, const ChunkPointers& p) {
  float* __restrict theta = p.theta;
  const rule::Update local = update;
  for (std::int64_t i = 0; i < p.count; ++i) {
    const rule::Alpha alpha = rule::alpha(c, p.g[i], {p.a[i], p.m[i], p.v[i]});
    const rule::Direction d =
        rule::direction(s, variant, base, alpha, p.g[i], averages<variant>(p, i), theta[i]);
    theta[i] = local(theta[i], d);
  }
}

}  // namespace

rule::SignalSums observe_chunk(const rule::Settings& settings, const rule::Base& base,
                               const ChunkPointers& p) {
  const bool is_hybrid =
      settings.variant == Variant::adamw || settings.variant == Variant::sgd_momentum;
  if (is_hybrid) observe_averages(base, p);
  return observe_traces(p.g, p.a, p.m, p.v, p.count, static_cast<float>(settings.eps));
}

rule::UpdateSums measure_chunk(const rule::Settings& settings, bool with_log_ratio,
                               const rule::Base& base, const rule::Coefficient& c,
                               const ChunkPointers& p) {
  switch (settings.variant) {
    case Variant::classic: {
      if (with_log_ratio) {
        return measure_products<Variant::classic>(settings, true, base, c, p);
      }
      rule::UpdateSums sums;
      sums.yy = settings.coupled_decay == 0
                    ? classic_square<false>(settings, c, p.theta, p.g, p.a, p.m, p.v, p.count)
                    : classic_square<true>(settings, c, p.theta, p.g, p.a, p.m, p.v, p.count);
      return sums;
    }
    case Variant::bounded_residual:
      return measure_products<Variant::bounded_residual>(settings, with_log_ratio, base, c, p);
    case Variant::orthogonal_residual:
      return measure_products<Variant::orthogonal_residual>(settings, with_log_ratio, base, c, p);
    case Variant::adamw:
      return measure_products<Variant::adamw>(settings, with_log_ratio, base, c, p);
    case Variant::sgd_momentum:
      return measure_products<Variant::sgd_momentum>(settings, with_log_ratio, base, c, p);
  }
  return {};
}

void apply_chunk(const rule::Settings& settings, const rule::Base& base, const rule::Coefficient& c,
                 const rule::Update& update, const ChunkPointers& p) {
  switch (settings.variant) {
    case Variant::classic:
      return apply_variant<Variant::classic>(settings, base, c, update, p);
    case Variant::bounded_residual:
      return apply_variant<Variant::bounded_residual>(settings, base, c, update, p);
    case Variant::orthogonal_residual:
      return apply_variant<Variant::orthogonal_residual>(settings, base, c, update, p);
    case Variant::adamw:
      return apply_variant<Variant::adamw>(settings, base, c, update, p);
    case Variant::sgd_momentum:
      return apply_variant<Variant::sgd_momentum>(settings, base, c, update, p);
  }
}

}  // namespace plastic::optim

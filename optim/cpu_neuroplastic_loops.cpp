#include "optim/cpu_neuroplastic_loops.h"

namespace plastic::optim {
namespace {

using rule::Variant;

/// Partial sums, some vector registers of them: element i of a chunk goes into sum i % lanes.
constexpr int lanes = 16;

/// Calls f(i, lane) for i in [0, count), in the shape that compilers turn into vectors.
template <class F>
inline void for_lanes(std::int64_t count, F f) {
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
                                float* __restrict v, float* __restrict w, std::int64_t count,
                                float eps) {
  float gradient[lanes] = {};
  float activity[lanes] = {};
  float memory[lanes] = {};
  for_lanes(count, [=, &gradient, &activity, &memory](std::int64_t i, int lane) {
    const rule::Traces t = rule::observe({a[i], m[i], v[i]}, g[i]);
    a[i] = t.a;
    m[i] = t.m;
    v[i] = t.v;
    w[i] = rule::memory(t, eps);
    gradient[lane] += std::fabs(g[i]);
    activity[lane] += t.a;
    memory[lane] += w[i];
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

/// Σy²; θ is read only where there is decay.
template <bool decays>
double measure_classic(const rule::Settings& settings, const rule::Coefficient& coefficient,
                       const float* __restrict theta, const float* __restrict g,
                       const float* __restrict a, float* __restrict w, std::int64_t count) {
  const rule::Settings s = settings;
  const rule::Coefficient c = coefficient;
  const rule::Base none;
  float sums[lanes] = {};
  for_lanes(count, [=, &s, &c, &none, &sums](std::int64_t i, int lane) {
    const rule::Alpha alpha = rule::alpha(c, g[i], a[i], w[i]);
    const float t = decays ? theta[i] : 0;
    const float y = rule::plasticity(s, Variant::classic, none, alpha, 0, g[i], {}, t);
    w[i] = y;
    sums[lane] += y * y;
  });
  return total(sums);
}

/// Reads only what the variant has.
template <Variant variant>
rule::Averages averages(const float* average, const float* square, std::int64_t i) {
  constexpr bool has_square = variant == Variant::adamw;
  constexpr bool has_average = has_square || variant == Variant::sgd_momentum;
  return {has_average ? average[i] : 0, has_square ? square[i] : 0};
}

template <Variant variant>
rule::UpdateSums measure_products(const rule::Settings& s, bool with_log_ratio,
                                  const rule::Base& base, const rule::Coefficient& c,
                                  const ChunkPointers& p) {
  rule::UpdateSums sums;
  for (std::int64_t i = 0; i < p.count; ++i) {
    const rule::Alpha alpha = rule::alpha(c, p.g[i], p.a[i], p.w[i]);
    const rule::Averages own = averages<variant>(p.average, p.square, i);
    const float start = rule::start(variant, base, p.g[i], own);
    p.w[i] = rule::plasticity(s, variant, base, alpha, start, p.g[i], own, p.theta[i]);
    const auto x = static_cast<double>(start);
    const auto y = static_cast<double>(p.w[i]);
    const auto t = static_cast<double>(p.theta[i]);
    add(sums, {x * x, x * y, y * y, x * t, y * t, t * t, 0});
    if (with_log_ratio) sums.log_ratio += static_cast<double>(rule::log_ratio(alpha, c.eps));
  }
  return sums;
}

template <Variant variant>
void apply_elements(const rule::Base base, const rule::Update update, float* __restrict theta,
                    const float* __restrict g, const float* __restrict w,
                    const float* __restrict average, const float* __restrict square,
                    std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float x = rule::start(variant, base, g[i], averages<variant>(average, square, i));
    theta[i] = update(theta[i], x, w[i]);
  }
}

}  // namespace

rule::SignalSums observe_chunk(const rule::Settings& settings, const rule::Base& base,
                               const ChunkPointers& p) {
  const bool is_hybrid =
      settings.variant == Variant::adamw || settings.variant == Variant::sgd_momentum;
  if (is_hybrid) observe_averages(base, p);
  return observe_traces(p.g, p.a, p.m, p.v, p.w, p.count, static_cast<float>(settings.eps));
}

rule::UpdateSums measure_chunk(const rule::Settings& settings, bool with_log_ratio,
                               const rule::Base& base, const rule::Coefficient& c,
                               const ChunkPointers& p) {
  switch (settings.variant) {
    case Variant::classic: {
      if (with_log_ratio) {
        return measure_products<Variant::classic>(settings, true, base, c, p);
      }
      const auto measure =
          settings.coupled_decay == 0 ? measure_classic<false> : measure_classic<true>;
      rule::UpdateSums sums;
      sums.yy = measure(settings, c, p.theta, p.g, p.a, p.w, p.count);
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

void apply_chunk(Variant variant, const rule::Base& base, const rule::Update& update,
                 const ChunkPointers& p) {
  const auto apply = [&](auto elements) {
    elements(base, update, p.theta, p.g, p.w, p.average, p.square, p.count);
  };
  switch (variant) {
    case Variant::classic:
      return apply(apply_elements<Variant::classic>);
    case Variant::bounded_residual:
      return apply(apply_elements<Variant::bounded_residual>);
    case Variant::orthogonal_residual:
      return apply(apply_elements<Variant::orthogonal_residual>);
    case Variant::adamw:
      return apply(apply_elements<Variant::adamw>);
    case Variant::sgd_momentum:
      return apply(apply_elements<Variant::sgd_momentum>);
  }
}

}  // namespace plastic::optim

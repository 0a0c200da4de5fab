#include "optim/neuroplastic/cpu_loops.h"

#include <cmath>
#include <limits>

#include "optim/cpu_lanes.h"
#include "optim/cpu_prefetch.h"

namespace plastic::optim::neuroplastic {
namespace {

/// Partial sums in f32: some vector registers of them, and a cache line.
constexpr int lanes = line_elements;

/// Σ term(x) for what sums in f32 cannot hold.
template <class Term>
double wide_sum(const float* __restrict x, std::int64_t count, Term term) {
  double sums[lanes] = {};
  for_lanes<lanes>(count, [=, &sums](std::int64_t i, int lane) {
    sums[lane] += term(static_cast<double>(x[i]));
  });
  return total(sums);
}

/// Whether a sum of squares in f32 has all its digits: none was too large, and those that were too
/// small to be squared do not count.
bool is_exact(double squares) {
  return squares > 1e-30 && squares <= static_cast<double>(std::numeric_limits<float>::max());
}

/// Partial sums of the three signals.
struct SignalLanes {
  float gradient[lanes] = {};
  float activity[lanes] = {};
  float memories[lanes] = {};
};

/// Not inlined: compilers would no longer know that the arrays are distinct.
[[gnu::noinline]] void observe_piece(const float* __restrict g, float* __restrict a,
                                     float* __restrict m, float* __restrict v, float* __restrict w,
                                     std::int64_t count, float eps, SignalLanes& partial) {
  SignalLanes sums = partial;
  for_lanes<lanes>(count, [=, &sums](std::int64_t i, int lane) {
    const Traces t = observe({a[i], m[i], v[i]}, g[i]);
    a[i] = t.a;
    m[i] = t.m;
    v[i] = t.v;
    w[i] = memory(t, eps);
    sums.gradient[lane] += std::fabs(g[i]);
    sums.activity[lane] += t.a;
    sums.memories[lane] += w[i];
  });
  partial = sums;
}

SignalSums observe_traces(const Piece& p, float eps) {
  SignalLanes sums;
  for_pieces_ahead(
      p.count, Order::forwards,
      [&](std::int64_t at) {
        prefetch(at, p.gradient, p.activity, p.momentum, p.variance, p.carried);
      },
      [&](std::int64_t first, std::int64_t count) {
        observe_piece(p.gradient + first, p.activity + first, p.momentum + first,
                      p.variance + first, p.carried + first, count, eps, sums);
      });
  const auto summed = [&](const float(&partial)[lanes], const float* values) {
    const double sum = total(partial);
    if (std::isfinite(sum)) return sum;
    return wide_sum(values, p.count, [](double x) { return std::fabs(x); });
  };
  return {summed(sums.gradient, p.gradient), summed(sums.activity, p.activity),
          summed(sums.memories, p.carried)};
}

template <bool has_square>
void observe_averages(const Base base, const float* __restrict theta, const float* __restrict g,
                      float* __restrict average, float* __restrict square, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const Averages before{average[i], has_square ? square[i] : 0};
    const Averages after = observe(base, before, g[i], theta[i]);
    average[i] = after.average;
    if (has_square) square[i] = after.square;
  }
}

/// Σy²; θ is read only where there is decay. Asks ahead within its loop, as its many constants
/// would have to be loaded again for each piece.
template <bool decays>
double measure_classic(const Settings& settings, const Coefficient& coefficient,
                       const float* __restrict theta, const float* __restrict g,
                       const float* __restrict a, float* __restrict w, std::int64_t count) {
  const Settings s = settings;
  const Coefficient c = coefficient;
  const Base none;
  float sums[lanes] = {};
  for_lanes<lanes>(
      count,
      [=](std::int64_t i) {
        const std::int64_t at = ahead_of(i, count, Order::backwards);
        prefetch(at, g, a, w);
        if (decays) prefetch(at, theta);
      },
      [=, &s, &c, &none, &sums](std::int64_t i, int lane) {
        const Alpha alpha = neuroplastic::alpha(c, g[i], a[i], w[i]);
        const float t = decays ? theta[i] : 0;
        const float y = plasticity(s, Variant::classic, none, alpha, 0, g[i], {}, t);
        w[i] = y;
        sums[lane] += y * y;
      });
  const double squares = total(sums);
  if (is_exact(squares)) return squares;
  return wide_sum(w, count, [](double y) { return y * y; });
}

/// Reads only what the variant has.
template <Variant variant>
Averages averages(const float* average, const float* square, std::int64_t i) {
  constexpr bool has_square = variant == Variant::adamw;
  constexpr bool has_average = has_square || variant == Variant::sgd_momentum;
  return {has_average ? average[i] : 0, has_square ? square[i] : 0};
}

template <Variant variant>
UpdateSums measure_products(const Settings& settings, const Base& given_base,
                            const Coefficient& coefficient, const float* __restrict theta,
                            const float* __restrict g, const float* __restrict a,
                            const float* __restrict average, const float* __restrict square,
                            float* __restrict w, std::int64_t count) {
  constexpr int double_lanes = 4;
  const Settings s = settings;
  const Base base = given_base;
  const Coefficient c = coefficient;
  double xx[double_lanes] = {}, xy[double_lanes] = {}, yy[double_lanes] = {};
  double xt[double_lanes] = {}, yt[double_lanes] = {}, tt[double_lanes] = {};
  for_lanes<double_lanes>(
      count, [=, &s, &base, &c, &xx, &xy, &yy, &xt, &yt, &tt](std::int64_t i, int lane) {
        const Alpha alpha = neuroplastic::alpha(c, g[i], a[i], w[i]);
        const Averages own = averages<variant>(average, square, i);
        const float from = start(variant, base, g[i], own);
        w[i] = plasticity(s, variant, base, alpha, from, g[i], own, theta[i]);
        const auto x = static_cast<double>(from);
        const auto y = static_cast<double>(w[i]);
        const auto t = static_cast<double>(theta[i]);
        xx[lane] += x * x;
        xy[lane] += x * y;
        yy[lane] += y * y;
        xt[lane] += x * t;
        yt[lane] += y * t;
        tt[lane] += t * t;
      });
  return {.xx = total(xx),
          .xy = total(xy),
          .yy = total(yy),
          .xt = total(xt),
          .yt = total(yt),
          .tt = total(tt)};
}

/// To be called before `w` is overwritten.
double sum_log_ratio(const Coefficient& c, const Piece& p) {
  double sum = 0;
  for (std::int64_t i = 0; i < p.count; ++i) {
    const Alpha alpha = neuroplastic::alpha(c, p.gradient[i], p.activity[i], p.carried[i]);
    sum += static_cast<double>(log_ratio(alpha, c.eps));
  }
  return sum;
}

UpdateSums measure_variant(const Settings& s, const Base& base, const Coefficient& c,
                           const Piece& p) {
  const auto products = [&](auto measure) {
    return measure(s, base, c, p.theta, p.gradient, p.activity, p.base_exp_avg, p.base_exp_avg_sq,
                   p.carried, p.count);
  };
  switch (s.variant) {
    case Variant::classic: {
      const auto measure = s.coupled_decay == 0 ? measure_classic<false> : measure_classic<true>;
      UpdateSums sums;
      sums.yy = measure(s, c, p.theta, p.gradient, p.activity, p.carried, p.count);
      return sums;
    }
    case Variant::bounded_residual:
      return products(measure_products<Variant::bounded_residual>);
    case Variant::orthogonal_residual:
      return products(measure_products<Variant::orthogonal_residual>);
    case Variant::adamw:
      return products(measure_products<Variant::adamw>);
    case Variant::sgd_momentum:
      return products(measure_products<Variant::sgd_momentum>);
  }
  return {};
}

template <Variant variant>
void apply_elements(const Base base, const Update update, float* __restrict theta,
                    const float* __restrict g, const float* __restrict w,
                    const float* __restrict average, const float* __restrict square,
                    std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float x = start(variant, base, g[i], averages<variant>(average, square, i));
    theta[i] = update(theta[i], x, w[i]);
  }
}

}  // namespace

SignalSums observe_chunk(const Settings& settings, const Base& base, const Piece& p) {
  if (settings.variant == Variant::adamw) {
    observe_averages<true>(base, p.theta, p.gradient, p.base_exp_avg, p.base_exp_avg_sq, p.count);
  } else if (settings.variant == Variant::sgd_momentum) {
    observe_averages<false>(base, p.theta, p.gradient, p.base_exp_avg, p.base_exp_avg_sq, p.count);
  }
  return observe_traces(p, static_cast<float>(settings.eps));
}

UpdateSums measure_chunk(const Settings& settings, bool with_log_ratio, const Base& base,
                         const Coefficient& coefficient, const Piece& p) {
  const double log_ratio = with_log_ratio ? sum_log_ratio(coefficient, p) : 0;
  UpdateSums sums = measure_variant(settings, base, coefficient, p);
  sums.log_ratio = log_ratio;
  return sums;
}

void apply_chunk(Variant variant, const Base& base, const Update& update, const Piece& p) {
  const auto apply = [&](auto elements) {
    for_pieces_ahead(
        p.count, Order::forwards, [&](std::int64_t at) { prefetch(at, p.theta, p.carried); },
        [&](std::int64_t first, std::int64_t count) {
          const Piece part = piece_of(p, first, p.theta + first, p.carried + first, count);
          elements(base, update, part.theta, part.gradient, part.carried, part.base_exp_avg,
                   part.base_exp_avg_sq, count);
        });
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

}  // namespace plastic::optim::neuroplastic

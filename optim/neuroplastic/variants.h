#pragma once

// What NeuroPlastic's residual variants, its hybrids and the controller of the learning rate add to
// the classic rule (classic.h).
//
// All variants have one form, u = A·x + C·y + L·θ: x is the direction that the variant starts from,
// y what plasticity adds, and A, C, L are numbers of the whole tensor. Every norm, limit and
// projection therefore follows from the sums of products before u is known, and a step takes the
// classic rule's three passes. The projection of the orthogonal variant is a difference of nearly
// equal numbers, so sums and what follows from them are f64.

#include "optim/neuroplastic/classic.h"

namespace plastic::optim::neuroplastic {

enum class Variant { classic, bounded_residual, orthogonal_residual, adamw, sgd_momentum };

/// What a hybrid modulates.
enum class Target { gain, momentum, trust_ratio };

/// What one step holds fixed for one tensor.
struct Settings : ClassicSettings {
  Variant variant = Variant::classic;

  /// Limit of ‖r‖, as a share of ‖x‖.
  double max_ratio = 0;
  /// What r is multiplied by: orthogonal_lambda · schedule, or a hybrid's gate.
  double strength = 1;
  bool match_grad_norm = false;

  Target target = Target::gain;
  double base_momentum = 0, base_beta2 = 0, base_eps = 0;
  /// Steps of this tensor, this one included.
  std::int64_t step = 1;
};

/// A hybrid's own averages of one element; momentum's buffer B is `average`.
struct Averages {
  float average = 0, square = 0;
};

/// How a hybrid keeps its averages and reads a direction from them.
struct Base {
  float keep = 0, take = 0;
  float square_keep = 0, square_take = 0;
  float decay = 0;
  /// The bias corrections: 1 / (1 - β₁ᵗ), and 1 / √(1 - β₂ᵗ) of the root, as the square times its
  /// correction may be larger than an f32 can be.
  float correction = 1, root_correction = 1;
  float eps = 0;
};

PLASTIC_HOST_DEVICE inline Base base(const Settings& s) {
  const double step = static_cast<double>(s.step);
  Base b;
  b.keep = static_cast<float>(s.base_momentum);
  b.eps = static_cast<float>(s.base_eps);
  if (s.variant == Variant::adamw) {
    b.take = static_cast<float>(1 - s.base_momentum);
    b.square_keep = static_cast<float>(s.base_beta2);
    b.square_take = static_cast<float>(1 - s.base_beta2);
    b.correction = static_cast<float>(1 / (1 - std::pow(s.base_momentum, step)));
    b.root_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(s.base_beta2, step)));
  } else {
    b.take = 1;
    b.decay = static_cast<float>(s.coupled_decay);
  }
  return b;
}

/// adamw: average ← β₁·average + (1 - β₁)·g and the same of g² with β₂. sgd_momentum:
/// B ← β·B + g + λ·θ.
PLASTIC_HOST_DEVICE inline Averages observe(const Base& base, Averages a, float g, float theta) {
  a.average = base.keep * a.average + base.take * (g + base.decay * theta);
  a.square = base.square_keep * a.square + base.square_take * g * g;
  return a;
}

/// x, the direction that a variant starts from: g; adamw: b = m̄ / (√v̄ + base_eps);
/// sgd_momentum: b = B. The classic variant has none.
PLASTIC_HOST_DEVICE inline float start(Variant variant, const Base& base, float g, Averages a) {
  switch (variant) {
    case Variant::classic:
      return 0;
    case Variant::bounded_residual:
    case Variant::orthogonal_residual:
      return g;
    case Variant::adamw:
      return a.average * base.correction / (std::sqrt(a.square) * base.root_correction + base.eps);
    case Variant::sgd_momentum:
      return a.average;
  }
  return 0;
}

/// y, what plasticity makes of it: classic α·g + λ·θ; bounded_residual (α - 1)·g;
/// orthogonal_residual p = (α - α₀)·g; hybrids (α - 1)·b, or (α - 1)·m̄ on adamw with
/// Target::momentum.
PLASTIC_HOST_DEVICE inline float plasticity(const Settings& s, Variant variant, const Base& base,
                                            Alpha alpha, float x, float g, Averages a,
                                            float theta) {
  switch (variant) {
    case Variant::classic:
      return direction(s, alpha, g, theta);
    case Variant::orthogonal_residual:
      return (alpha.full - alpha.gradient_only) * g;
    case Variant::adamw:
      return (alpha.full - 1) * (s.target == Target::momentum ? a.average * base.correction : x);
    case Variant::bounded_residual:
    case Variant::sgd_momentum:
      return (alpha.full - 1) * x;
  }
  return 0;
}

/// Sums over a tensor of the products of x, y and θ (t), and of log_ratio. The classic variant
/// needs yy alone.
struct UpdateSums {
  double xx = 0, xy = 0, yy = 0, xt = 0, yt = 0, tt = 0;
  double log_ratio = 0;
};

/// u = A·x + C·y + L·θ, with ‖u‖ and ‖r‖ (0 in the classic variant).
struct Mix {
  double a = 0, c = 0, l = 0;
  double norm = 0, residual_norm = 0;
};

/// r = C·q with q = p - k·g, k = ⟨p, g⟩ / (‖g‖² + ε): orthogonal to g. So u = (1 - C·k)·g + C·p.
PLASTIC_HOST_DEVICE inline Mix orthogonal_mix(const Settings& s, const UpdateSums& sums) {
  Mix mix;
  mix.a = 1;
  if (sums.xx <= s.eps) return mix;
  const double gradient_norm = std::sqrt(sums.xx);
  const double k = sums.xy / (sums.xx + s.eps);
  const double square = sums.yy - 2 * k * sums.xy + k * k * sums.xx;
  const double norm = square > 0 ? std::sqrt(square) : 0;
  mix.c = s.strength;
  if (s.match_grad_norm && norm > s.eps) mix.c *= gradient_norm / (norm + s.eps);
  mix.c *= limit_factor(mix.c * norm, s.max_ratio * gradient_norm, s.eps);
  mix.a = 1 - mix.c * k;
  mix.residual_norm = mix.c * norm;
  return mix;
}

/// r = C·y, no longer than its share of ‖x‖.
PLASTIC_HOST_DEVICE inline Mix limited_mix(const Settings& s, const UpdateSums& sums) {
  const double eps = 1e-12;
  const double base_norm = std::sqrt(sums.xx);
  Mix mix;
  mix.a = 1;
  mix.c = s.strength;
  const bool is_hybrid = s.variant == Variant::adamw || s.variant == Variant::sgd_momentum;
  if (is_hybrid && s.target == Target::trust_ratio) {
    mix.c *= clip(std::sqrt(sums.tt) / (base_norm + eps), 0.5, 1.5) - 1;
  }
  const double norm = std::fabs(mix.c) * std::sqrt(sums.yy);
  const double factor = limit_factor(norm, s.max_ratio * base_norm, eps);
  mix.c *= factor;
  mix.residual_norm = norm * factor;
  return mix;
}

PLASTIC_HOST_DEVICE inline Mix mix(const Settings& s, const UpdateSums& sums) {
  Mix out;
  if (s.variant == Variant::classic) {
    out.c = 1;
    out.norm = std::sqrt(sums.yy);
    return out;
  }
  out = s.variant == Variant::orthogonal_residual ? orthogonal_mix(s, sums) : limited_mix(s, sums);
  // A hybrid has its decay elsewhere: in B, or decoupled.
  const bool is_residual =
      s.variant == Variant::bounded_residual || s.variant == Variant::orthogonal_residual;
  out.l = is_residual ? s.coupled_decay : 0;
  const double square =
      out.a * out.a * sums.xx + out.c * out.c * sums.yy + out.l * out.l * sums.tt +
      2 * (out.a * out.c * sums.xy + out.a * out.l * sums.xt + out.c * out.l * sums.yt);
  out.norm = square > 0 ? std::sqrt(square) : 0;
  return out;
}

/// log(max(α, ε) / max(α₀, ε)), the signal of the lr controller.
PLASTIC_HOST_DEVICE inline float log_ratio(Alpha alpha, float eps) {
  const float full = alpha.full > eps ? alpha.full : eps;
  const float only = alpha.gradient_only > eps ? alpha.gradient_only : eps;
  return std::log(full / only);
}

/// What the lr controller multiplies lr by, from the mean log_ratio of the tensors it watches.
struct Controller {
  double alpha = 0, low = 1, high = 1;
};

PLASTIC_HOST_DEVICE inline double lr_multiplier(const Controller& c, double signal) {
  return clip(1 + c.alpha * signal, c.low, c.high);
}

/// θ ← D·θ - rate·(A·x + C·y + L·θ).
struct Update {
  float a = 0, c = 0, l = 0;
  float rate = 0, decay = 1;

  PLASTIC_HOST_DEVICE float operator()(float theta, float x, float y) const {
    return apply(theta, a * x + c * y + l * theta, rate, decay);
  }
};

/// `multiplier` is the lr controller's, `scale` homeostasis's.
PLASTIC_HOST_DEVICE inline Update update(const Settings& s, const Mix& mix, double scale,
                                         double multiplier) {
  const double lr = s.lr * multiplier;
  const double rate = lr * scale;
  // Where a huge u is limited the rate may be less than f32 can hold to the last digit.
  const double shift = rate < 1e-30 ? 0x1p-64 : 1;
  Update out;
  out.a = static_cast<float>(mix.a * shift);
  out.c = static_cast<float>(mix.c * shift);
  out.l = static_cast<float>(mix.l * shift);
  out.rate = static_cast<float>(rate / shift);
  out.decay = static_cast<float>(1 - lr * s.decoupled_decay);
  return out;
}

}  // namespace plastic::optim::neuroplastic

#pragma once

// NeuroPlastic, the whole update rule, written once for every device (arXiv 2604.26297; notation of
// docs/design.md, "NeuroPlastic").
//
// One tensor θ with gradient g is updated in three passes over its n elements; between the passes
// only sums travel, and one number w an element:
//
//   observe   update the traces a, m, v; w = |m| / (√v + ε)   → sums of |g|, a, w
//   measure   α and α₀; w = y                                 → sums of products of x, y, θ
//   apply     θ ← D·θ - rate·u
//
// All variants are one shape, u = A·x + C·y + L·θ: x is the direction that the variant starts from,
// y what plasticity adds, and A, C, L are numbers of the whole tensor. Every norm, limit and
// projection therefore follows from the sums of products before u is known.
//
// Elements are computed in f32. Sums over a tensor and what follows from them are doubles, because
// the projection of the orthogonal variant is a difference of nearly equal numbers.

#include <cfloat>
#include <cmath>
#include <cstdint>

#include "core/device/host_device.h"

namespace plastic::optim::rule {

enum class Variant { classic, bounded_residual, orthogonal_residual, adamw, sgd_momentum };

/// What a hybrid modulates.
enum class Target { gain, momentum, trust_ratio };

/// What one step holds fixed for one tensor.
struct Settings {
  Variant variant = Variant::classic;

  double activity_weight = 0, gradient_weight = 0, memory_weight = 0;
  double min_alpha = 0, max_alpha = 0;
  /// γ·s, warm-up gate times plasticity scale; 0 in mode ablation_grad_only.
  double blend = 0;
  bool parameterwise = true;
  double eps = 0;

  /// Limit of ‖r‖, as a share of ‖x‖.
  double max_ratio = 0;
  /// What r is multiplied by: orthogonal_lambda · schedule, or a hybrid's gate.
  double strength = 1;
  bool match_grad_norm = false;

  Target target = Target::gain;
  double base_momentum = 0, base_beta2 = 0, base_eps = 0;
  /// Steps of this tensor, this one included.
  std::int64_t step = 1;

  double lr = 0;
  /// λ, for whichever of the two ways of decay is meant; the other is 0.
  double coupled_decay = 0, decoupled_decay = 0;

  double max_update_norm = 0, target_rms = 0, adaptation_rate = 0;
};

PLASTIC_HOST_DEVICE inline float clip(float x, float low, float high) {
  // Comparisons in this order let a NaN through.
  x = x < low ? low : x;
  return x > high ? high : x;
}

PLASTIC_HOST_DEVICE inline double clip(double x, double low, double high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

// ---- observe

/// Activity a, and memory m and v of one element.
struct Traces {
  float a = 0, m = 0, v = 0;
};

/// a ← 0.95·a + 0.05·|g|, m ← 0.9·m + 0.1·g, v ← 0.99·v + 0.01·g². v ends at the largest f32, from
/// which it decays again: ∞ would never, and with it this element's memory signal would stay 0.
PLASTIC_HOST_DEVICE inline Traces observe(Traces t, float g) {
  constexpr float largest = 3.402823466e+38f;
  t.a = 0.95f * t.a + 0.05f * std::fabs(g);
  t.m = 0.9f * t.m + 0.1f * g;
  // 0.01·g first: squares of 1e20 fit into v, but not into f32.
  t.v = 0.99f * t.v + 0.01f * g * g;
  // NaN stays.
  t.v = t.v > largest ? largest : t.v;
  return t;
}

/// |m| / (√v + ε), the memory signal before it is divided by its mean.
PLASTIC_HOST_DEVICE inline float memory(Traces t, float eps) {
  return std::fabs(t.m) / (std::sqrt(t.v) + eps);
}

/// Sums over a tensor after `observe`.
struct SignalSums {
  double gradient = 0, activity = 0, memory = 0;
};

// ---- the plasticity coefficient

/// α and α₀ of a tensor's elements as functions of g and the traces.
struct Coefficient {
  /// w / (mean + ε) of each signal.
  float activity = 0, gradient = 0, memory = 0;
  /// 1 / (mean |g| + ε).
  float gradient_only = 0;
  /// What stands in for the signals when they are averaged over the tensor.
  float constant = 0, constant_only = 0;
  float low = 0, high = 0, blend = 0, eps = 0;
};

PLASTIC_HOST_DEVICE inline Coefficient coefficient(const Settings& s, const SignalSums& sums,
                                                   std::int64_t n) {
  const double count = static_cast<double>(n);
  const double gradient = sums.gradient / count;
  const double activity = sums.activity / count;
  const double memory = sums.memory / count;
  Coefficient c;
  c.low = static_cast<float>(s.min_alpha);
  c.high = static_cast<float>(s.max_alpha);
  c.blend = static_cast<float>(s.blend);
  c.eps = static_cast<float>(s.eps);
  const double activity_scale = s.activity_weight / (activity + s.eps);
  const double gradient_scale = s.gradient_weight / (gradient + s.eps);
  const double memory_scale = s.memory_weight / (memory + s.eps);
  if (s.parameterwise) {
    c.activity = static_cast<float>(activity_scale);
    c.gradient = static_cast<float>(gradient_scale);
    c.memory = static_cast<float>(memory_scale);
    c.gradient_only = static_cast<float>(1 / (gradient + s.eps));
  } else {
    c.constant = static_cast<float>(activity_scale * activity + gradient_scale * gradient +
                                    memory_scale * memory);
    c.constant_only = static_cast<float>(gradient / (gradient + s.eps));
  }
  return c;
}

struct Alpha {
  /// α₀ = clip(ĝ).
  float gradient_only = 0;
  /// α = α₀ + γ·s·(α₁ - α₀) with α₁ = clip(w_a·â + w_g·ĝ + w_m·m̂).
  float full = 0;
};

/// `a` is the activity trace, `memory` the memory signal.
PLASTIC_HOST_DEVICE inline Alpha alpha(const Coefficient& c, float g, float a, float memory) {
  const float size = std::fabs(g);
  const float combined = c.activity * a + c.gradient * size + c.memory * memory;
  const float full = clip(combined + c.constant, c.low, c.high);
  Alpha out;
  out.gradient_only = clip(c.gradient_only * size + c.constant_only, c.low, c.high);
  out.full = out.gradient_only + c.blend * (full - out.gradient_only);
  return out;
}

/// log(max(α, ε) / max(α₀, ε)), the signal of the lr controller.
PLASTIC_HOST_DEVICE inline float log_ratio(Alpha alpha, float eps) {
  const float full = alpha.full > eps ? alpha.full : eps;
  const float only = alpha.gradient_only > eps ? alpha.gradient_only : eps;
  return std::log(full / only);
}

// ---- the base step of the hybrids

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

// ---- measure

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

/// α·g, at most the largest f32 in size where g is finite: the limit on the update's norm brings it
/// back, which it could not from an infinity.
PLASTIC_HOST_DEVICE inline float scaled(float alpha, float g) {
  const float product = alpha * g;
  const float most = std::fabs(g) <= FLT_MAX ? FLT_MAX : std::fabs(g);
  return product > most ? most : product < -most ? -most : product;
}

/// y, what plasticity makes of it: classic α·g + λ·θ; bounded_residual (α - 1)·g;
/// orthogonal_residual p = (α - α₀)·g; hybrids (α - 1)·b, or (α - 1)·m̄ on adamw with
/// Target::momentum.
PLASTIC_HOST_DEVICE inline float plasticity(const Settings& s, Variant variant, const Base& base,
                                            Alpha alpha, float x, float g, Averages a,
                                            float theta) {
  switch (variant) {
    case Variant::classic:
      return scaled(alpha.full, g) + static_cast<float>(s.coupled_decay) * theta;
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

/// What a residual is multiplied by so that its norm does not exceed `limit`.
PLASTIC_HOST_DEVICE inline double limit_factor(double norm, double limit, double eps) {
  return norm > limit ? limit / (norm + eps) : 1;
}

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

// ---- homeostasis and the lr controller

/// The norm clip and the gain, as one factor of u: u·max_update_norm / (‖u‖ + ε) where ‖u‖ exceeds
/// it, then u·clamp(1 + rate·(target_rms - √(mean u² + ε)), 0.5, 1.5).
PLASTIC_HOST_DEVICE inline double homeostasis(const Settings& s, double norm, std::int64_t n) {
  const double clipped = limit_factor(norm, s.max_update_norm, s.eps);
  const double clipped_norm = norm * clipped;
  const double rms = std::sqrt(clipped_norm * clipped_norm / static_cast<double>(n) + s.eps);
  return clipped * clip(1 + s.adaptation_rate * (s.target_rms - rms), 0.5, 1.5);
}

/// What the lr controller multiplies lr by, from the mean log_ratio of the tensors it watches.
struct Controller {
  double alpha = 0, low = 1, high = 1;
};

PLASTIC_HOST_DEVICE inline double lr_multiplier(const Controller& c, double signal) {
  return clip(1 + c.alpha * signal, c.low, c.high);
}

// ---- apply

/// θ ← D·θ - rate·(A·x + C·y + L·θ).
struct Update {
  float a = 0, c = 0, l = 0;
  float rate = 0, decay = 1;

  PLASTIC_HOST_DEVICE float operator()(float theta, float x, float y) const {
    return decay * theta - rate * (a * x + c * y + l * theta);
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

}  // namespace plastic::optim::rule

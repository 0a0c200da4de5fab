#pragma once

// NeuroPlastic's update rule, written once for every device (arXiv 2604.26297; notation of
// docs/design.md, "NeuroPlastic"). This is the classic rule; what residual variants, hybrids and
// the controller of the learning rate add to it is in variants.h.
//
// A step over a tensor θ of n elements with gradient g takes three passes, between which only sums
// travel. Elements are f32; sums over a tensor and what follows from them are f64.
//   observe   a, m and v take g in           → Σ|g|, Σa and Σ of the memory signal
//   measure   α, and u = α·g + λ·θ           → Σu²
//   apply     θ ← decay·θ - rate·u, with homeostasis in the rate

#include <cmath>
#include <cstdint>
#include <limits>

#include "plastic/core/host_device.h"

namespace plastic::optim::neuroplastic {

/// What one step holds fixed for one tensor.
struct ClassicSettings {
  /// w_a, w_g, w_m.
  double activity_weight = 0, gradient_weight = 0, memory_weight = 0;
  double min_alpha = 0, max_alpha = 0;
  /// γ·s, warm-up gate times plasticity scale; 0 in mode ablation_grad_only.
  double blend = 0;
  bool parameterwise = true;
  double eps = 0;
  double lr = 0;
  /// λ, for whichever of the two ways of decay is meant; the other is 0.
  double coupled_decay = 0, decoupled_decay = 0;
  double max_update_norm = 0, target_rms = 0, adaptation_rate = 0;
};

constexpr float max_f32 = std::numeric_limits<float>::max();

template <class T>
PLASTIC_HOST_DEVICE inline T clip(T x, T low, T high) {
  // Comparisons in this order let a NaN through.
  x = x < low ? low : x;
  return x > high ? high : x;
}

struct Traces {
  float a = 0, m = 0, v = 0;
};

/// a ← 0.95·a + 0.05·|g|, m ← 0.9·m + 0.1·g, v ← 0.99·v + 0.01·g². v ends at the largest f32, from
/// which it decays again: ∞ would never, and with it this element's memory signal would stay 0.
PLASTIC_HOST_DEVICE inline Traces observe(Traces t, float g) {
  t.a = 0.95f * t.a + 0.05f * std::fabs(g);
  t.m = 0.9f * t.m + 0.1f * g;
  // 0.01·g first: squares of 1e20 fit into v, but not into f32.
  t.v = 0.99f * t.v + 0.01f * g * g;
  t.v = t.v > max_f32 ? max_f32 : t.v;
  return t;
}

/// The memory signal, |m| / (√v + ε).
PLASTIC_HOST_DEVICE inline float memory(Traces t, float eps) {
  return std::fabs(t.m) / (std::sqrt(t.v) + eps);
}

struct SignalSums {
  double gradient = 0, activity = 0, memory = 0;
};

/// α and α₀ of a tensor's elements as functions of the three signals.
struct Coefficient {
  /// w / (mean + ε) of each signal, which makes â of w_a·â, and so on.
  float activity = 0, gradient = 0, memory = 0;
  /// 1 / (mean |g| + ε).
  float gradient_only = 0;
  /// What replaces the signals where they are averaged over the tensor.
  float constant = 0, constant_only = 0;
  float low = 0, high = 0, blend = 0, eps = 0;
};

PLASTIC_HOST_DEVICE inline Coefficient coefficient(const ClassicSettings& s, const SignalSums& sums,
                                                   std::int64_t n) {
  const auto count = static_cast<double>(n);
  const double gradient = sums.gradient / count;
  const double activity = sums.activity / count;
  const double memory = sums.memory / count;
  const double activity_scale = s.activity_weight / (activity + s.eps);
  const double gradient_scale = s.gradient_weight / (gradient + s.eps);
  const double memory_scale = s.memory_weight / (memory + s.eps);
  Coefficient c{.low = static_cast<float>(s.min_alpha),
                .high = static_cast<float>(s.max_alpha),
                .blend = static_cast<float>(s.blend),
                .eps = static_cast<float>(s.eps)};
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

/// `a` is the activity, `memory` the memory signal.
PLASTIC_HOST_DEVICE inline Alpha alpha(const Coefficient& c, float g, float a, float memory) {
  const float size = std::fabs(g);
  const float combined = c.activity * a + c.gradient * size + c.memory * memory;
  const float full = clip(combined + c.constant, c.low, c.high);
  const float gradient_only = clip(c.gradient_only * size + c.constant_only, c.low, c.high);
  return {gradient_only, gradient_only + c.blend * (full - gradient_only)};
}

/// u = α·g + λ·θ. α·g is at most the largest f32 in size where g is finite: the limit on the
/// update's norm brings it back, which it could not from an infinity.
PLASTIC_HOST_DEVICE inline float direction(const ClassicSettings& s, Alpha alpha, float g,
                                           float theta) {
  const float product = alpha.full * g;
  const float limit = std::fabs(g) <= max_f32 ? max_f32 : std::fabs(g);
  const float scaled = product > limit ? limit : product < -limit ? -limit : product;
  return scaled + static_cast<float>(s.coupled_decay) * theta;
}

/// What a vector is multiplied by so that its norm does not exceed `limit`.
PLASTIC_HOST_DEVICE inline double limit_factor(double norm, double limit, double eps) {
  return norm > limit ? limit / (norm + eps) : 1;
}

/// Homeostasis's gain, clamp(1 + rate·(target_rms - √(mean u² + ε)), 0.5, 1.5). `norm` is ‖u‖ once
/// it is limited.
PLASTIC_HOST_DEVICE inline double gain(const ClassicSettings& s, double norm, std::int64_t n) {
  const double rms = std::sqrt(norm * norm / static_cast<double>(n) + s.eps);
  return clip(1 + s.adaptation_rate * (s.target_rms - rms), 0.5, 1.5);
}

/// Homeostasis as one factor of u: u·max_update_norm / (‖u‖ + ε) where ‖u‖ exceeds it, then the
/// gain. `norm` is ‖u‖.
PLASTIC_HOST_DEVICE inline double homeostasis(const ClassicSettings& s, double norm,
                                              std::int64_t n) {
  const double clipped = limit_factor(norm, s.max_update_norm, s.eps);
  return clipped * gain(s, norm * clipped, n);
}

/// θ ← decay·θ - rate·u, the rate being lr times homeostasis and the decay 1 - lr·λ or 1.
PLASTIC_HOST_DEVICE inline float apply(float theta, float u, float rate, float decay) {
  return decay * theta - rate * u;
}

}  // namespace plastic::optim::neuroplastic

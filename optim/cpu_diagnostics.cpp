#include <algorithm>

#include "optim/cpu_kernels.h"

namespace plastic::optim {
namespace {

void count_alpha(DiagnosticSums& sums, float alpha) {
  const auto wide = static_cast<double>(alpha);
  sums.alpha += wide;
  sums.alpha_square += wide * wide;
  sums.alpha_min = std::min(sums.alpha_min, alpha);
  sums.alpha_max = std::max(sums.alpha_max, alpha);
  if (alpha <= sums.near_low) ++sums.below;
  if (alpha >= sums.near_high) ++sums.above;
  if (alpha < sums.low || alpha > sums.high || !(sums.high > sums.low)) return;
  const float position =
      (alpha - sums.low) / (sums.high - sums.low) * static_cast<float>(DiagnosticSums::bins);
  ++sums.histogram[static_cast<std::size_t>(
      std::min(static_cast<int>(position), DiagnosticSums::bins - 1))];
}

}  // namespace

void cpu_diagnose(const NeuroPlasticStep& step, const Work<NeuroPlasticRule>& work,
                  const rule::Coefficient& coefficient, const rule::Update& update,
                  const rule::Mix& mix) {
  DiagnosticSums& sums = *step.diagnostics;
  const bool is_classic = work.rule.settings.variant == rule::Variant::classic;
  for (std::int64_t i = work.offset; i < work.offset + work.numel; ++i) {
    const float g = step.gradients[i];
    const rule::Traces traces{step.activity[i], step.momentum[i], step.variance[i]};
    const rule::Alpha alpha =
        rule::alpha(coefficient, g, traces.a, rule::memory(traces, coefficient.eps));
    const auto theta = static_cast<double>(update.decay * step.parameters[i]);
    const auto added = static_cast<double>((alpha.full - alpha.gradient_only) * g);
    count_alpha(sums, alpha.full);
    sums.gradient_square += static_cast<double>(g) * static_cast<double>(g);
    sums.parameter_square += theta * theta;
    if (is_classic) sums.residual_square += added * added;
  }
  sums.residual_square += mix.residual_norm * mix.residual_norm;
  sums.count += work.numel;
}

}  // namespace plastic::optim

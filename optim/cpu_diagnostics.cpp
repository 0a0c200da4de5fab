#include <algorithm>

#include "optim/cpu_kernels.h"
#include "optim/cpu_lanes.h"

namespace plastic::optim {
namespace {

/// Elements whose α is kept at a time.
constexpr std::int64_t block = 256;

/// What can be summed in lanes; fills `alphas`.
void sum_block(const NeuroPlasticStep& step, const rule::Coefficient& coefficient, float decay,
               std::int64_t begin, std::int64_t count, float* __restrict alphas,
               DiagnosticSums& sums, double& added_square) {
  constexpr int lanes = 4;
  const float* __restrict gradients = step.gradients + begin;
  const float* __restrict parameters = step.parameters + begin;
  const float* __restrict a = step.activity + begin;
  const float* __restrict m = step.momentum + begin;
  const float* __restrict v = step.variance + begin;
  const rule::Coefficient c = coefficient;
  double alpha_sum[lanes] = {}, alpha_square[lanes] = {};
  double gradient[lanes] = {}, parameter[lanes] = {}, residual[lanes] = {};
  for_lanes<lanes>(count, [=, &c, &alpha_sum, &alpha_square, &gradient, &parameter, &residual](
                              std::int64_t i, int lane) {
    const float g = gradients[i];
    const rule::Alpha alpha = rule::alpha(c, g, a[i], rule::memory({a[i], m[i], v[i]}, c.eps));
    alphas[i] = alpha.full;
    const auto full = static_cast<double>(alpha.full);
    const auto theta = static_cast<double>(decay * parameters[i]);
    const auto added = static_cast<double>((alpha.full - alpha.gradient_only) * g);
    alpha_sum[lane] += full;
    alpha_square[lane] += full * full;
    gradient[lane] += static_cast<double>(g) * static_cast<double>(g);
    parameter[lane] += theta * theta;
    residual[lane] += added * added;
  });
  sums.alpha += total(alpha_sum);
  sums.alpha_square += total(alpha_square);
  sums.gradient_square += total(gradient);
  sums.parameter_square += total(parameter);
  added_square += total(residual);
}

void count_block(const float* alphas, std::int64_t count, DiagnosticSums& sums) {
  const float width = sums.high - sums.low;
  const float scale = width > 0 ? static_cast<float>(DiagnosticSums::bins) / width : 0;
  // The last bin takes what is outside of the range.
  std::array<std::int64_t, DiagnosticSums::bins + 1> histogram{};
  for (std::int64_t i = 0; i < count; ++i) {
    const float alpha = alphas[i];
    sums.alpha_min = alpha < sums.alpha_min ? alpha : sums.alpha_min;
    sums.alpha_max = alpha > sums.alpha_max ? alpha : sums.alpha_max;
    sums.below += static_cast<std::int64_t>(alpha <= sums.near_low);
    sums.above += static_cast<std::int64_t>(alpha >= sums.near_high);
    const bool is_inside = alpha >= sums.low && alpha <= sums.high && scale > 0;
    const float position = is_inside ? (alpha - sums.low) * scale : 0;
    const int bin = std::min(static_cast<int>(position), DiagnosticSums::bins - 1);
    ++histogram[static_cast<std::size_t>(is_inside ? bin : DiagnosticSums::bins)];
  }
  for (std::size_t i = 0; i < sums.histogram.size(); ++i) sums.histogram[i] += histogram[i];
}

}  // namespace

void cpu_diagnose(const NeuroPlasticStep& step, rule::Variant variant,
                  const rule::Coefficient& coefficient, const rule::Update& update,
                  std::int64_t begin, std::int64_t end, DiagnosticSums& sums) {
  float alphas[block];
  double added_square = 0;
  for (std::int64_t at = begin; at < end; at += block) {
    const std::int64_t count = std::min(block, end - at);
    sum_block(step, coefficient, update.decay, at, count, alphas, sums, added_square);
    count_block(alphas, count, sums);
  }
  if (variant == rule::Variant::classic) sums.residual_square += added_square;
  sums.count += end - begin;
}

}  // namespace plastic::optim

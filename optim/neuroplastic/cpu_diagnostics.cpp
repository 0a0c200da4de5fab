#include <algorithm>

#include "optim/cpu_lanes.h"
#include "optim/neuroplastic/cpu_loops.h"

namespace plastic::optim::neuroplastic {
namespace {

/// Elements whose α is kept at a time.
constexpr std::int64_t block = 256;
constexpr int lanes = 16;

/// What can be summed in lanes; fills `alphas`. In f64: squares may not fit into f32, and the
/// deviation of α is a difference of nearly equal sums.
void sum_block(const Piece& p, const Coefficient& coefficient, std::int64_t count,
               float* __restrict alphas, DiagnosticSums& sums, double& added_square) {
  const float* __restrict gradients = p.gradient;
  const float* __restrict parameters = p.theta;
  const float* __restrict a = p.activity;
  const float* __restrict w = p.carried;
  const Coefficient c = coefficient;
  double alpha[lanes] = {}, square[lanes] = {};
  double gradient[lanes] = {}, parameter[lanes] = {}, residual[lanes] = {};
  for_lanes<lanes>(
      count, [=, &c, &alpha, &square, &gradient, &parameter, &residual](std::int64_t i, int lane) {
        const Alpha own = neuroplastic::alpha(c, gradients[i], a[i], w[i]);
        alphas[i] = own.full;
        const auto g = static_cast<double>(gradients[i]);
        const auto theta = static_cast<double>(parameters[i]);
        const auto full = static_cast<double>(own.full);
        const double added = (full - static_cast<double>(own.gradient_only)) * g;
        alpha[lane] += full;
        square[lane] += full * full;
        gradient[lane] += g * g;
        parameter[lane] += theta * theta;
        residual[lane] += added * added;
      });
  sums.sum[alpha_sum] += total(alpha);
  sums.sum[alpha_square] += total(square);
  sums.sum[gradient_square] += total(gradient);
  sums.sum[parameter_square] += total(parameter);
  added_square += total(residual);
}

/// Extremes and counts near them, and the bin of each α; the last bin takes what is outside.
void place_block(const float* __restrict alphas, std::int64_t count, std::int32_t* __restrict bins,
                 DiagnosticSums& sums) {
  constexpr float bin_count = DiagnosticSums::bins;
  const float low = sums.low, high = sums.high;
  const float near_low = sums.near_low, near_high = sums.near_high;
  const bool has_width = high > low;
  const float scale = has_width ? bin_count / (high - low) : 0;
  float least[lanes], most[lanes];
  std::fill_n(least, lanes, sums.alpha_min);
  std::fill_n(most, lanes, sums.alpha_max);
  std::int32_t below[lanes] = {}, above[lanes] = {};
  for_lanes<lanes>(count, [=, &least, &most, &below, &above](std::int64_t i, int lane) {
    const float alpha = alphas[i];
    least[lane] = alpha < least[lane] ? alpha : least[lane];
    most[lane] = alpha > most[lane] ? alpha : most[lane];
    below[lane] += alpha <= near_low ? 1 : 0;
    above[lane] += alpha >= near_high ? 1 : 0;
    const bool is_inside = (alpha >= low) & (alpha <= high) & has_width;
    const float position = (alpha - low) * scale;
    const float within = position < bin_count ? position : bin_count - 1;
    bins[i] = static_cast<std::int32_t>(is_inside ? within : bin_count);
  });
  sums.alpha_min = *std::min_element(least, least + lanes);
  sums.alpha_max = *std::max_element(most, most + lanes);
  for (int lane = 0; lane < lanes; ++lane) {
    sums.sum[below_count] += below[lane];
    sums.sum[above_count] += above[lane];
  }
}

/// Counts in several histograms by turns, since neighbours often fall into one bin and an addition
/// would wait for the one before.
class BinCounts {
 public:
  void add(const std::int32_t* bins, std::int64_t count) {
    std::int64_t i = 0;
    for (; i + turns <= count; i += turns) {
      for (int turn = 0; turn < turns; ++turn) ++counts_[turn][bins[i + turn]];
    }
    for (; i < count; ++i) ++counts_[0][bins[i]];
  }

  void add_to(std::array<std::int64_t, DiagnosticSums::bins>& histogram) const {
    for (std::size_t bin = 0; bin < histogram.size(); ++bin) {
      for (const auto& counts : counts_) histogram[bin] += counts[bin];
    }
  }

 private:
  static constexpr int turns = 4;
  std::uint32_t counts_[turns][DiagnosticSums::bins + 1] = {};
};

}  // namespace

void diagnose_chunk(const Piece& p, Variant variant, const Coefficient& coefficient,
                    DiagnosticSums& sums) {
  float alphas[block];
  std::int32_t bins[block];
  BinCounts counts;
  double added_square = 0;
  for (std::int64_t at = 0; at < p.count; at += block) {
    const std::int64_t count = std::min(block, p.count - at);
    Piece part = p;
    part.gradient += at;
    part.theta += at;
    part.activity += at;
    part.carried += at;
    sum_block(part, coefficient, count, alphas, sums, added_square);
    place_block(alphas, count, bins, sums);
    counts.add(bins, count);
  }
  counts.add_to(sums.histogram);
  if (variant == Variant::classic) sums.sum[residual_square] += added_square;
  sums.count += p.count;
}

}  // namespace plastic::optim::neuroplastic

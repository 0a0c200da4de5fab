// Mean and variance of the channels of a batch, and running statistics. Squares of f32 are taken in
// f32, and again in f64 in the rare case that they do not fit.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/cpu/column_sums.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/scratch.h"
#include "core/ops/batch_norm_rule.h"
#include "core/ops/running_statistics_rule.h"
#include "core/tensor/dispatch.h"

namespace plastic::cpu {
namespace {

/// A number near the mean of each channel, from a few rows.
template <class S>
ScratchVector<Computed<S>> rough_means(std::int64_t rows, std::int64_t channels, const S* x) {
  using T = Computed<S>;
  const std::int64_t taken = std::min<std::int64_t>(rows, 16);
  ScratchVector<double> sums(static_cast<std::size_t>(channels));
  for (std::int64_t i = 0; i < taken; ++i) {
    const S* from = x + rows * i / taken * channels;
    for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += static_cast<double>(from[c]);
  }
  ScratchVector<T> means;
  means.reserve(sums.size());
  for (const double sum : sums) means.push_back(static_cast<T>(sum / static_cast<double>(taken)));
  return means;
}

/// Σ (x - shift) and Σ (x - shift)² of each channel, one after the other. Four rows are added in
/// Number before the f64 sums.
template <class Number, class S>
ScratchVector<double> shifted_moments(std::int64_t rows, std::int64_t channels, const S* x,
                                      const ScratchVector<Number>& shifts) {
  const Number* const shift_of = shifts.data();
  const auto add = [=](std::int64_t first, std::int64_t last, double* sums) {
    double* squares = sums + channels;
    std::int64_t row = first;
    for (; row + 4 <= last; row += 4) {
      const S* a = x + row * channels;
      const S* b = a + channels;
      const S* c = b + channels;
      const S* d = c + channels;
      for (std::int64_t j = 0; j < channels; ++j) {
        const Number shift = shift_of[j];
        const Number p = static_cast<Number>(a[j]) - shift;
        const Number q = static_cast<Number>(b[j]) - shift;
        const Number r = static_cast<Number>(c[j]) - shift;
        const Number s = static_cast<Number>(d[j]) - shift;
        sums[j] += static_cast<double>((p + q) + (r + s));
        squares[j] += static_cast<double>((p * p + q * q) + (r * r + s * s));
      }
    }
    for (; row < last; ++row) {
      const S* from = x + row * channels;
      for (std::int64_t j = 0; j < channels; ++j) {
        const Number p = static_cast<Number>(from[j]) - shift_of[j];
        sums[j] += static_cast<double>(p);
        squares[j] += static_cast<double>(p * p);
      }
    }
  };
  return sum_over_rows<double>(rows, channels, 2 * channels, std::is_same_v<S, double>, add);
}

/// Whether sums of squares in Number have all their digits: none was too large, and those that were
/// too small to be squared do not count. Nothing but zeros is exact.
template <class Number>
bool is_exact(double sum, double squares) {
  if (sum == 0 && squares == 0) return true;
  constexpr double smallest = std::is_same_v<Number, float> ? 1e-30 : 1e-290;
  return std::abs(squares) > smallest && std::isfinite(squares);
}

template <class S>
void write_statistics(std::int64_t rows, std::int64_t channels, const S* x, double* mean,
                      double* variance) {
  const auto count = static_cast<double>(rows);
  // What the sums say; false where they have lost digits.
  const auto write = [&](const auto& shifts, const ScratchVector<double>& sums) {
    using Number = std::decay_t<decltype(shifts[0])>;
    bool all_exact = true;
    for (std::size_t c = 0; c < shifts.size(); ++c) {
      const double squares = sums[c + shifts.size()];
      const rules::ChannelMoments moments(count, static_cast<double>(shifts[c]), sums[c], squares);
      mean[c] = moments.mean;
      variance[c] = moments.variance;
      // Far from the mean, the differences are rounded where their deviations begin.
      const double offset = sums[c] / count;
      all_exact = all_exact && is_exact<Number>(sums[c], squares) &&
                  offset * offset <= 4 * moments.variance;
    }
    return all_exact;
  };
  const auto rough = rough_means(rows, channels, x);
  if (write(rough, shifted_moments(rows, channels, x, rough))) return;
  ScratchVector<double> better(mean, mean + channels);
  for (std::size_t c = 0; c < better.size(); ++c) {
    if (!std::isfinite(better[c])) better[c] = static_cast<double>(rough[c]);
  }
  write(better, shifted_moments(rows, channels, x, better));
}

}  // namespace

void CpuBackend::batch_norm_statistics(DType dtype, std::int64_t rows, std::int64_t channels,
                                       const void* x, double* mean, double* variance) {
  dispatch_stored_floating("batch_norm", dtype, [&](auto zero) {
    using S = decltype(zero);
    write_statistics(rows, channels, static_cast<const S*>(x), mean, variance);
  });
}

void CpuBackend::batch_norm_running(const BatchNormRunning& update) {
  dispatch_floating("batch_norm", update.dtype, [&](auto zero) {
    using T = decltype(zero);
    const rules::MoveTowards towards{update.momentum};
    auto* mean = static_cast<T*>(update.running_mean);
    auto* variance = static_cast<T*>(update.running_var);
    for (std::int64_t c = 0; c < update.channels; ++c) {
      const double value = rules::corrected(update.variance[c], update.bessel);
      mean[c] = static_cast<T>(towards(static_cast<double>(mean[c]), update.mean[c]));
      variance[c] = static_cast<T>(towards(static_cast<double>(variance[c]), value));
    }
  });
}

}  // namespace plastic::cpu

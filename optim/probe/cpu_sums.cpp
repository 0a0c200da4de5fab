#include "optim/probe/cpu_sums.h"

#include <limits>

#include "optim/cpu_lanes.h"

namespace plastic::optim {
namespace {

/// Elements that are summed in f32, in each lane up to 128 of them: a sum is then right to about
/// 1e-6.
constexpr std::int64_t block = 2048;

/// Whether a sum of squares in f32 has all its digits: none was too large, and those that were too
/// small to be squared do not count. So not where all are 0.
bool is_exact(double squares) {
  return squares > 1e-30 && squares <= double{std::numeric_limits<float>::max()};
}

/// In f32, or in f64, where the differences are exact and no square is too large or too small.
/// Loops over `full` elements, where that is not 0, have no rest to take care of.
template <class T, bool has_earlier, std::int64_t full>
UpdateSums update_sums(const float* __restrict weights, const float* __restrict gradient,
                       const float* __restrict before, const float* __restrict earlier,
                       std::int64_t count) {
  constexpr int lanes = 16;
  T weight[lanes] = {}, size[lanes] = {}, update[lanes] = {};
  T previous[lanes] = {}, product[lanes] = {};
  for_lanes<lanes>(full == 0 ? count : full,
                   [=, &weight, &size, &update, &previous, &product](std::int64_t i, int lane) {
                     const auto theta = static_cast<T>(weights[i]);
                     const auto g = static_cast<T>(gradient[i]);
                     const auto from = static_cast<T>(before[i]);
                     const T u = theta - from;
                     weight[lane] += theta * theta;
                     size[lane] += g * g;
                     update[lane] += u * u;
                     if (!has_earlier) return;
                     const T p = from - static_cast<T>(earlier[i]);
                     previous[lane] += p * p;
                     product[lane] += u * p;
                   });
  return {total(weight), total(size), total(update), total(previous), total(product)};
}

template <bool has_earlier>
UpdateSums sums_of_block(const UpdatePiece& p, std::int64_t at, std::int64_t count) {
  const float* const earlier = has_earlier ? p.earlier + at : p.before + at;
  const auto sums = [&](auto in) {
    return in(p.weights + at, p.gradient + at, p.before + at, earlier, count);
  };
  const UpdateSums fast = sums(count == block ? update_sums<float, has_earlier, block>
                                              : update_sums<float, has_earlier, 0>);
  const bool is_right = is_exact(fast.weight_square) && is_exact(fast.gradient_square) &&
                        is_exact(fast.update_square) &&
                        (!has_earlier || is_exact(fast.previous_square));
  return is_right ? fast : sums(update_sums<double, has_earlier, 0>);
}

constexpr int signal_lanes = 32;

struct Moments {
  double sum = 0, square = 0;
};

/// Σ(x - center) and Σ(x - center)².
template <class T, std::int64_t full>
Moments moments_around(float center, const float* __restrict x, std::int64_t count) {
  T sum[signal_lanes] = {}, square[signal_lanes] = {};
  for_lanes<signal_lanes>(full == 0 ? count : full, [=, &sum, &square](std::int64_t i, int lane) {
    const T d = static_cast<T>(x[i]) - static_cast<T>(center);
    sum[lane] += d;
    square[lane] += d * d;
  });
  return {total(sum), total(square)};
}

/// Σx, and how many are at a clip.
struct Clipped {
  double sum = 0;
  std::int32_t at_low = 0, at_high = 0;
};

template <std::int64_t full>
Clipped clipped(const float* __restrict x, std::int64_t count, float low, float high) {
  float sum[signal_lanes] = {};
  std::int32_t at_low[signal_lanes] = {}, at_high[signal_lanes] = {};
  for_lanes<signal_lanes>(full == 0 ? count : full,
                          [=, &sum, &at_low, &at_high](std::int64_t i, int lane) {
                            sum[lane] += x[i];
                            at_low[lane] += x[i] <= low ? 1 : 0;
                            at_high[lane] += x[i] >= high ? 1 : 0;
                          });
  Clipped out{.sum = total(sum)};
  for (int lane = 0; lane < signal_lanes; ++lane) {
    out.at_low += at_low[lane];
    out.at_high += at_high[lane];
  }
  return out;
}

/// Around the mean as f32 finds it, and corrected for what that is off.
template <std::int64_t full>
SignalMoments moments_of_block(const float* x, std::int64_t count, float low, float high) {
  const Clipped found = clipped<full>(x, count, low, high);
  const auto n = static_cast<double>(count);
  auto center = static_cast<float>(found.sum / n);
  Moments around = moments_around<float, full>(center, x, count);
  if (!is_exact(around.square)) {
    center = x[0];
    around = moments_around<double, 0>(center, x, count);
  }
  const double off = around.sum / n;
  const double square = around.square - n * off * off;
  return {.count = n,
          .mean = static_cast<double>(center) + off,
          .square = square < 0 ? 0 : square,
          .at_low = found.at_low,
          .at_high = found.at_high};
}

UpdateSums sums_of_update(const UpdatePiece& p) {
  const auto sums_of = p.earlier == nullptr ? sums_of_block<false> : sums_of_block<true>;
  UpdateSums sums;
  for (std::int64_t at = 0; at < p.count; at += block) {
    add(sums, sums_of(p, at, block < p.count - at ? block : p.count - at));
  }
  return sums;
}

SignalMoments moments_of_signal(const float* values, std::int64_t count, float low, float high) {
  SignalMoments moments;
  std::int64_t at = 0;
  for (; at + block <= count; at += block) {
    add(moments, moments_of_block<block>(values + at, block, low, high));
  }
  if (at < count) add(moments, moments_of_block<0>(values + at, count - at, low, high));
  return moments;
}

constexpr ProbeSums loops = {.of_update = sums_of_update, .of_signal = moments_of_signal};

}  // namespace

void add(UpdateSums& sums, const UpdateSums& more) {
  sums.weight_square += more.weight_square;
  sums.gradient_square += more.gradient_square;
  sums.update_square += more.update_square;
  sums.previous_square += more.previous_square;
  sums.product += more.product;
}

void add(SignalMoments& moments, const SignalMoments& more) {
  if (moments.count == 0) {
    moments = more;
    return;
  }
  const double count = moments.count + more.count;
  const double apart = more.mean - moments.mean;
  moments.mean += apart * (more.count / count);
  moments.square += more.square + apart * apart * (moments.count * more.count / count);
  moments.count = count;
  moments.at_low += more.at_low;
  moments.at_high += more.at_high;
}

const ProbeSums& PLASTIC_AT_LEVEL(probe_sums)() { return loops; }

}  // namespace plastic::optim

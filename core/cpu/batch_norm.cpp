// Batch normalisation over rows of channels. Each pass is bound by memory: the forward pass reads x
// for the statistics (batch_norm_statistics.cpp) and once more to normalise; the backward pass
// reads twice what it needs. What rectified the result is found from x again where that saves
// reading y. Products of f32 are taken in f32, and again in f64 in the rare case that they do not
// fit. What is stored as S is computed in T, and rounded once where S is bf16.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/cpu/column_sums.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/loops.h"
#include "core/cpu/scratch.h"
#include "core/device/batch_sums.h"
#include "core/ops/batch_norm_rule.h"
#include "core/tensor/dispatch.h"

namespace plastic::cpu {
namespace {

/// Per channel, y = (x - centre)·scale + shift.
template <class T>
struct Affine {
  explicit Affine(const BatchNormCall& n) {
    for (std::int64_t c = 0; c < n.channels; ++c) {
      const double weight =
          n.weight == nullptr ? 1 : static_cast<double>(static_cast<const T*>(n.weight)[c]);
      const double bias =
          n.bias == nullptr ? 0 : static_cast<double>(static_cast<const T*>(n.bias)[c]);
      const rules::ChannelNorm<T> channel(n.mean[c], n.variance[c],
                                          weight / std::sqrt(n.variance[c] + n.eps), bias);
      centre.push_back(channel.centre);
      scale.push_back(channel.scale);
      shift.push_back(channel.shift);
      rest.push_back(channel.rest);
    }
  }

  ScratchVector<T> centre, scale, shift;
  /// The mean less the centre.
  ScratchVector<double> rest;
};

std::int64_t row_grain(std::int64_t channels) {
  return std::max<std::int64_t>(1, elementwise_grain / std::max<std::int64_t>(channels, 1));
}

template <class S, class Finish>
void normalize(const BatchNormCall& n, S* y, Finish finish) {
  using T = Computed<S>;
  const Affine<T> affine(n);
  const T* centre = affine.centre.data();
  const T* scale = affine.scale.data();
  const T* shift = affine.shift.data();
  const S* x = static_cast<const S*>(n.x);
  const std::int64_t channels = n.channels;
  parallel_for(0, n.rows, row_grain(channels), [=](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      const S* from = x + row * channels;
      S* to = y + row * channels;
      for (std::int64_t j = 0; j < channels; ++j) {
        to[j] =
            static_cast<S>(finish((from[j] - centre[j]) * scale[j] + shift[j], row * channels + j));
      }
    }
  });
}

/// Written so that NaN stays.
template <class T>
T rectified(T value) {
  return value < 0 ? 0 : value;
}

template <class S>
void forward(const BatchNormCall& n, S* y) {
  using T = Computed<S>;
  const S* skip = static_cast<const S*>(n.skip);
  if (skip != nullptr && n.relu) {
    normalize(n, y, [skip](T value, std::int64_t at) { return rectified(value + skip[at]); });
  } else if (skip != nullptr) {
    normalize(n, y, [skip](T value, std::int64_t at) { return value + skip[at]; });
  } else if (n.relu) {
    normalize(n, y, [](T value, std::int64_t) { return rectified(value); });
  } else {
    normalize(n, y, [](T value, std::int64_t) { return value; });
  }
}

/// Channels at a time in the backward pass: a few rows of them fit into the nearest cache.
constexpr std::int64_t block = 256;

/// The gradient before relu: that of the result where relu let it through, NaN too, else 0.
template <class S>
class Masked {
 public:
  using T = Computed<S>;

  Masked(const BatchNormCall& n, const BatchNormGrad& grad, const Affine<T>& affine)
      : g_(static_cast<const S*>(grad.grad_y)),
        y_(n.relu && n.skip != nullptr ? static_cast<const S*>(grad.y) : nullptr),
        x_(n.relu && n.skip == nullptr ? static_cast<const S*>(n.x) : nullptr),
        centre_(affine.centre.data()),
        scale_(affine.scale.data()),
        shift_(affine.shift.data()) {}

  /// `count` values from position `at`, the first of them of channel `first`: where they lie, or
  /// written to `out`.
  const T* read(std::int64_t at, std::int64_t first, std::int64_t count, T* __restrict out) const {
    const S* __restrict g = g_ + at;
    if (y_ != nullptr) {
      const S* __restrict y = y_ + at;
      for (std::int64_t j = 0; j < count; ++j) {
        // Read whether it is let through or not: loads under a condition are not vectorised.
        const T value = g[j];
        out[j] = y[j] <= 0 ? T{0} : value;
      }
      return out;
    }
    if (x_ != nullptr) {
      const S* __restrict x = x_ + at;
      const T* __restrict centre = centre_ + first;
      const T* __restrict scale = scale_ + first;
      const T* __restrict shift = shift_ + first;
      for (std::int64_t j = 0; j < count; ++j) {
        const T value = g[j];
        out[j] = (x[j] - centre[j]) * scale[j] + shift[j] <= 0 ? T{0} : value;
      }
      return out;
    }
    if constexpr (std::is_same_v<S, T>) {
      return g;
    } else {
      for (std::int64_t j = 0; j < count; ++j) out[j] = g[j];
      return out;
    }
  }

 private:
  const S* g_;
  const S* y_;
  const S* x_;
  const T* centre_;
  const T* scale_;
  const T* shift_;
};

/// Adds four rows' gradients `g`, and their products with x - mean in Number, to the sums of
/// `count` channels.
template <class Number, class T, class S>
void add_four(const T* const (&g)[4], const S* x, std::int64_t stride,
              const Number* __restrict mean, std::int64_t count, double* __restrict sums,
              double* __restrict products) {
  const T* __restrict ga = g[0];
  const T* __restrict gb = g[1];
  const T* __restrict gc = g[2];
  const T* __restrict gd = g[3];
  const S* __restrict xa = x;
  const S* __restrict xb = xa + stride;
  const S* __restrict xc = xb + stride;
  const S* __restrict xd = xc + stride;
  const auto wide = [](T value) { return static_cast<double>(value); };
  const auto number = [](auto value) { return static_cast<Number>(value); };
  for (std::int64_t j = 0; j < count; ++j) {
    const Number m = mean[j];
    sums[j] += (wide(ga[j]) + wide(gb[j])) + (wide(gc[j]) + wide(gd[j]));
    products[j] += static_cast<double>(
        (number(ga[j]) * (number(xa[j]) - m) + number(gb[j]) * (number(xb[j]) - m)) +
        (number(gc[j]) * (number(xc[j]) - m) + number(gd[j]) * (number(xd[j]) - m)));
  }
}

/// Σ g and Σ g·(x - mean) of each channel, g being the gradient before relu, the products in
/// Number. g is left in `kept` unless that is null; it holds numbers of the result's gradient, so
/// that nothing is rounded.
template <class Number, class S>
ScratchVector<double> gradient_sums_in(const BatchNormCall& n, const Masked<S>& masked, S* kept) {
  using T = Computed<S>;
  const std::int64_t channels = n.channels;
  const S* x = static_cast<const S*>(n.x);
  const ScratchVector<Number> mean(n.mean, n.mean + channels);
  const auto add = [&](std::int64_t first, std::int64_t last, double* sums) {
    T scratch[4][block];
    for (std::int64_t row = first; row < last; row += 4) {
      const std::int64_t rows = std::min<std::int64_t>(4, last - row);
      for (std::int64_t start = 0; start < channels; start += block) {
        const std::int64_t count = std::min(block, channels - start);
        const std::int64_t at = row * channels + start;
        const T* g[4];
        for (std::int64_t i = 0; i < rows; ++i) {
          const std::int64_t from = at + i * channels;
          if constexpr (std::is_same_v<S, T>) {
            g[i] = masked.read(from, start, count, kept == nullptr ? scratch[i] : kept + from);
          } else {
            g[i] = masked.read(from, start, count, scratch[i]);
            if (kept != nullptr) {
              for (std::int64_t j = 0; j < count; ++j) kept[from + j] = static_cast<S>(g[i][j]);
            }
          }
        }
        if (rows == 4) {
          add_four(g, x + at, channels, mean.data() + start, count, sums + start,
                   sums + channels + start);
          continue;
        }
        for (std::int64_t i = 0; i < rows; ++i) {
          for (std::int64_t j = 0; j < count; ++j) {
            const Number centred = static_cast<Number>(x[at + i * channels + j]) -
                                   mean[static_cast<std::size_t>(start + j)];
            sums[start + j] += static_cast<double>(g[i][j]);
            sums[channels + start + j] +=
                static_cast<double>(static_cast<Number>(g[i][j]) * centred);
          }
        }
      }
    }
  };
  ScratchVector<double> sums =
      sum_over_rows<double>(n.rows, channels, 2 * channels, std::is_same_v<T, double>, add);
  // What Number's mean lacks.
  for (std::size_t c = 0; c < mean.size(); ++c) {
    sums[c + mean.size()] -= (n.mean[c] - static_cast<double>(mean[c])) * sums[c];
  }
  return sums;
}

/// The same with products in f64 where f32 cannot hold them. With an eps of nearly 0 even the
/// smallest count.
template <class S>
ScratchVector<double> gradient_sums(const BatchNormCall& n, const Masked<S>& masked, S* kept) {
  using T = Computed<S>;
  if (std::is_same_v<T, float> && n.eps < 1e-20) return gradient_sums_in<double>(n, masked, kept);
  ScratchVector<double> sums = gradient_sums_in<T>(n, masked, kept);
  const auto is_lost = [](double products) {
    return !std::isfinite(products) || (products != 0 && std::abs(products) < 1e-25);
  };
  if (std::is_same_v<T, float> &&
      std::any_of(sums.data() + n.channels, sums.data() + sums.size(), is_lost)) {
    sums = gradient_sums_in<double>(n, masked, kept);
  }
  return sums;
}

/// For each channel, dx = scale·(g - offset - (x - centre)·slope).
template <class S>
struct InputGradient {
  using T = Computed<S>;

  /// With r = 1/√(variance + eps): dx = w·r·(g - mean(g) - (x - mean)·r²·mean(g·(x - mean))), or
  /// w·r·g where the statistics do not depend on x. `count` is that of the rows that are summed
  /// over.
  InputGradient(const BatchNormCall& n, const Affine<T>& channel_norms,
                const ScratchVector<double>& sums, double count, bool through_statistics)
      : through(through_statistics),
        affine(channel_norms),
        offset(static_cast<std::size_t>(n.channels)),
        slope(static_cast<std::size_t>(n.channels)) {
    if (!through) return;
    for (std::size_t c = 0; c < offset.size(); ++c) {
      const double slope_of_c = sums[c + offset.size()] / count / (n.variance[c] + n.eps);
      slope[c] = static_cast<T>(slope_of_c);
      offset[c] = static_cast<T>(sums[c] / count - affine.rest[c] * slope_of_c);
    }
  }

  void write(const T* __restrict g, const S* __restrict x, std::int64_t first, std::int64_t count,
             S* __restrict out) const {
    const T* __restrict scale = affine.scale.data() + first;
    if (!through) {
      // Without x, which may be infinite.
      for (std::int64_t j = 0; j < count; ++j) out[j] = static_cast<S>(scale[j] * g[j]);
      return;
    }
    const T* __restrict centre = affine.centre.data() + first;
    const T* __restrict o = offset.data() + first;
    const T* __restrict s = slope.data() + first;
    for (std::int64_t j = 0; j < count; ++j) {
      out[j] = static_cast<S>(scale[j] * (g[j] - o[j] - (x[j] - centre[j]) * s[j]));
    }
  }

  bool through;
  const Affine<T>& affine;
  ScratchVector<T> offset, slope;
};

template <class S>
void backward(const BatchNormCall& n, const BatchNormGrad& grad) {
  using T = Computed<S>;
  const std::int64_t channels = n.channels;
  const Affine<T> affine(n);
  const Masked<S> masked(n, grad, affine);
  S* kept = static_cast<S*>(grad.grad_skip);
  ScratchVector<double> sums = gradient_sums(n, masked, kept);
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto at = static_cast<std::size_t>(c);
    if (grad.grad_bias != nullptr) static_cast<T*>(grad.grad_bias)[c] = static_cast<T>(sums[at]);
    if (grad.grad_weight == nullptr) continue;
    const double product = sums[at + static_cast<std::size_t>(channels)];
    static_cast<T*>(grad.grad_weight)[c] =
        static_cast<T>(product / std::sqrt(n.variance[c] + n.eps));
  }
  auto total = static_cast<double>(n.rows);
  // The other parts wait for these, wanted here or not.
  if (grad.parts != nullptr && grad.through_statistics) {
    sums.push_back(total);
    grad.parts->sum(sums);
    total = sums.back();
  }
  if (grad.grad_x == nullptr) return;
  const InputGradient<S> gradient(n, affine, sums, total, grad.through_statistics);
  const S* x = static_cast<const S*>(n.x);
  S* grad_x = static_cast<S*>(grad.grad_x);
  parallel_for(0, n.rows, row_grain(channels), [&](std::int64_t first, std::int64_t last) {
    T scratch[block];
    for (std::int64_t row = first; row < last; ++row) {
      for (std::int64_t start = 0; start < channels; start += block) {
        const std::int64_t count = std::min(block, channels - start);
        const std::int64_t at = row * channels + start;
        const T* g = nullptr;
        if constexpr (std::is_same_v<S, T>) g = kept == nullptr ? nullptr : kept + at;
        if (g == nullptr) g = masked.read(at, start, count, scratch);
        gradient.write(g, x + at, start, count, grad_x + at);
      }
    }
  });
}

}  // namespace

void CpuBackend::batch_norm(const BatchNormCall& call, void* y) {
  dispatch_stored_floating("batch_norm", call.dtype, [&](auto zero) {
    using S = decltype(zero);
    forward(call, static_cast<S*>(y));
  });
}

void CpuBackend::batch_norm_grad(const BatchNormCall& call, const BatchNormGrad& grad) {
  dispatch_stored_floating("batch_norm", call.dtype,
                           [&](auto zero) { backward<decltype(zero)>(call, grad); });
}

}  // namespace plastic::cpu

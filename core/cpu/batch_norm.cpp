// Batch normalisation over rows of channels. Each pass is bound by memory: the forward pass reads x
// for the statistics and once more to normalise; the backward pass reads twice what it needs. What
// rectified the result is found from x again where that saves reading y.
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/cpu/column_sums.h"
#include "core/cpu/kernels.h"
#include "core/cpu/loops.h"
#include "core/dispatch.h"

namespace plastic::cpu {
namespace {

/// Per channel, y = x·scale + shift.
template <class T>
struct Affine {
  explicit Affine(const BatchNormCall& n) {
    for (std::int64_t c = 0; c < n.channels; ++c) {
      const double weight =
          n.weight == nullptr ? 1 : static_cast<double>(static_cast<const T*>(n.weight)[c]);
      const double bias =
          n.bias == nullptr ? 0 : static_cast<double>(static_cast<const T*>(n.bias)[c]);
      const double factor = weight / std::sqrt(n.variance[c] + n.eps);
      scale.push_back(static_cast<T>(factor));
      shift.push_back(static_cast<T>(bias - n.mean[c] * factor));
    }
  }

  std::vector<T> scale, shift;
};

std::int64_t row_grain(std::int64_t channels) {
  return std::max<std::int64_t>(1, elementwise_grain / std::max<std::int64_t>(channels, 1));
}

/// Σ (x - shift) and Σ (x - shift)² of each channel, the first row being the shift, which keeps the
/// difference of large sums small. Four rows are added in T before the f64 sums.
template <class T>
std::vector<double> shifted_moments(std::int64_t rows, std::int64_t channels, const T* x) {
  const auto add = [=](std::int64_t first, std::int64_t last, double* sums) {
    double* squares = sums + channels;
    std::int64_t row = first;
    for (; row + 4 <= last; row += 4) {
      const T* a = x + row * channels;
      const T* b = a + channels;
      const T* c = b + channels;
      const T* d = c + channels;
      for (std::int64_t j = 0; j < channels; ++j) {
        const T shift = x[j];
        const T p = a[j] - shift;
        const T q = b[j] - shift;
        const T r = c[j] - shift;
        const T s = d[j] - shift;
        sums[j] += static_cast<double>((p + q) + (r + s));
        squares[j] += static_cast<double>((p * p + q * q) + (r * r + s * s));
      }
    }
    for (; row < last; ++row) {
      const T* from = x + row * channels;
      for (std::int64_t j = 0; j < channels; ++j) {
        const T p = from[j] - x[j];
        sums[j] += static_cast<double>(p);
        squares[j] += static_cast<double>(p * p);
      }
    }
  };
  return sum_over_rows<double>(rows, channels, 2 * channels, add);
}

template <class T, class Finish>
void normalize(const BatchNormCall& n, T* y, Finish finish) {
  const Affine<T> affine(n);
  const T* scale = affine.scale.data();
  const T* shift = affine.shift.data();
  const T* x = static_cast<const T*>(n.x);
  const std::int64_t channels = n.channels;
  parallel_for(0, n.rows, row_grain(channels), [=](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      const T* from = x + row * channels;
      T* to = y + row * channels;
      for (std::int64_t j = 0; j < channels; ++j) {
        to[j] = finish(from[j] * scale[j] + shift[j], row * channels + j);
      }
    }
  });
}

/// Written so that NaN stays.
template <class T>
T rectified(T value) {
  return value < 0 ? 0 : value;
}

template <class T>
void forward(const BatchNormCall& n, T* y) {
  const T* skip = static_cast<const T*>(n.skip);
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

/// Σ g and Σ g·(x - mean) of each channel, g(at, channel) being the gradient before relu. It is
/// written to `kept` on the way unless that is null.
template <class T, class Gradient>
std::vector<double> gradient_sums(const BatchNormCall& n, Gradient g, T* kept) {
  const std::int64_t channels = n.channels;
  const T* x = static_cast<const T*>(n.x);
  const std::vector<T> means(n.mean, n.mean + channels);
  const T* mean = means.data();
  const auto add = [=](std::int64_t first, std::int64_t last, double* sums) {
    double* products = sums + channels;
    std::int64_t row = first;
    for (; row + 4 <= last; row += 4) {
      const std::int64_t a = row * channels;
      const std::int64_t b = a + channels;
      const std::int64_t c = b + channels;
      const std::int64_t d = c + channels;
      for (std::int64_t j = 0; j < channels; ++j) {
        const T p = g(a + j, j);
        const T q = g(b + j, j);
        const T r = g(c + j, j);
        const T s = g(d + j, j);
        const T m = mean[j];
        sums[j] += static_cast<double>((p + q) + (r + s));
        products[j] += static_cast<double>((p * (x[a + j] - m) + q * (x[b + j] - m)) +
                                           (r * (x[c + j] - m) + s * (x[d + j] - m)));
      }
    }
    for (; row < last; ++row) {
      const std::int64_t a = row * channels;
      for (std::int64_t j = 0; j < channels; ++j) {
        const T p = g(a + j, j);
        sums[j] += static_cast<double>(p);
        products[j] += static_cast<double>(p * (x[a + j] - mean[j]));
      }
    }
    if (kept == nullptr) return;
    for (row = first; row < last; ++row) {
      for (std::int64_t j = 0; j < channels; ++j)
        kept[row * channels + j] = g(row * channels + j, j);
    }
  };
  return sum_over_rows<double>(n.rows, channels, 2 * channels, add);
}

/// With r = 1/√(variance + eps): dx = w·r·(g - mean(g) - (x - mean)·r²·mean(g·(x - mean))), or
/// w·r·g where the statistics do not depend on x.
template <class T, class Gradient>
void input_gradient(const BatchNormCall& n, Gradient g, const std::vector<double>& sums,
                    bool through_statistics, T* grad_x) {
  const std::int64_t channels = n.channels;
  const Affine<T> affine(n);
  const T* scale = affine.scale.data();
  const T* x = static_cast<const T*>(n.x);
  std::vector<T> means(n.mean, n.mean + channels);
  std::vector<T> offsets(static_cast<std::size_t>(channels));
  std::vector<T> slopes(static_cast<std::size_t>(channels));
  const auto count = static_cast<double>(n.rows);
  for (std::int64_t c = 0; through_statistics && c < channels; ++c) {
    const auto at = static_cast<std::size_t>(c);
    offsets[at] = static_cast<T>(sums[at] / count);
    slopes[at] = static_cast<T>(sums[at + offsets.size()] / count / (n.variance[c] + n.eps));
  }
  const T* mean = means.data();
  const T* offset = offsets.data();
  const T* slope = slopes.data();
  parallel_for(0, n.rows, row_grain(channels), [=](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      const std::int64_t a = row * channels;
      T* to = grad_x + a;
      for (std::int64_t j = 0; j < channels; ++j) {
        to[j] = scale[j] * (g(a + j, j) - offset[j] - (x[a + j] - mean[j]) * slope[j]);
      }
    }
  });
}

template <class T, class Gradient>
void backward(const BatchNormCall& n, const BatchNormGrad& grad, Gradient g) {
  const bool kept = grad.grad_skip != nullptr;
  const std::vector<double> sums = gradient_sums<T>(n, g, static_cast<T*>(grad.grad_skip));
  for (std::int64_t c = 0; c < n.channels; ++c) {
    const auto at = static_cast<std::size_t>(c);
    if (grad.grad_bias != nullptr) static_cast<T*>(grad.grad_bias)[c] = static_cast<T>(sums[at]);
    if (grad.grad_weight == nullptr) continue;
    const double product = sums[at + static_cast<std::size_t>(n.channels)];
    static_cast<T*>(grad.grad_weight)[c] =
        static_cast<T>(product / std::sqrt(n.variance[c] + n.eps));
  }
  if (grad.grad_x == nullptr) return;
  T* grad_x = static_cast<T*>(grad.grad_x);
  if (kept) {
    const T* masked = static_cast<const T*>(grad.grad_skip);
    input_gradient(
        n, [masked](std::int64_t at, std::int64_t) { return masked[at]; }, sums,
        grad.through_statistics, grad_x);
  } else {
    input_gradient(n, g, sums, grad.through_statistics, grad_x);
  }
}

}  // namespace

void batch_norm_statistics(DType dtype, std::int64_t rows, std::int64_t channels, const void* x,
                           double* mean, double* variance) {
  dispatch_floating("batch_norm", dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* values = static_cast<const T*>(x);
    const std::vector<double> sums = shifted_moments(rows, channels, values);
    const auto count = static_cast<double>(rows);
    for (std::int64_t c = 0; c < channels; ++c) {
      const double offset = sums[static_cast<std::size_t>(c)] / count;
      const double square = sums[static_cast<std::size_t>(channels + c)] / count;
      mean[c] = static_cast<double>(values[c]) + offset;
      // Not std::max, which would hide NaN.
      const double difference = square - offset * offset;
      variance[c] = difference < 0 ? 0 : difference;
    }
  });
}

void batch_norm(const BatchNormCall& call, void* y) {
  dispatch_floating("batch_norm", call.dtype, [&](auto zero) {
    using T = decltype(zero);
    forward(call, static_cast<T*>(y));
  });
}

void batch_norm_grad(const BatchNormCall& call, const BatchNormGrad& grad) {
  dispatch_floating("batch_norm", call.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* g = static_cast<const T*>(grad.grad_y);
    if (!call.relu) {
      backward<T>(call, grad, [g](std::int64_t at, std::int64_t) { return g[at]; });
    } else if (call.skip != nullptr) {
      const T* y = static_cast<const T*>(grad.y);
      backward<T>(call, grad,
                  [g, y](std::int64_t at, std::int64_t) { return y[at] > 0 ? g[at] : 0; });
    } else {
      const Affine<T> affine(call);
      const T* x = static_cast<const T*>(call.x);
      const T* scale = affine.scale.data();
      const T* shift = affine.shift.data();
      backward<T>(call, grad, [=](std::int64_t at, std::int64_t j) {
        return x[at] * scale[j] + shift[j] > 0 ? g[at] : 0;
      });
    }
  });
}

}  // namespace plastic::cpu

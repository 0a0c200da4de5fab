#pragma once

#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>

#include "core/batch_norm_call.h"
#include "cuda/number.h"
#include "cuda/pack.h"

namespace plastic::cuda {

/// What the kernels of batch normalisation read of a BatchNormCall.
template <class T>
struct BatchNorm {
  using Number = computed<T>;

  explicit BatchNorm(const BatchNormCall& call)
      : rows(call.rows),
        channels(call.channels),
        x(static_cast<const T*>(call.x)),
        mean(call.mean),
        variance(call.variance),
        eps(call.eps),
        weight(static_cast<const Number*>(call.weight)),
        bias(static_cast<const Number*>(call.bias)) {}

  /// 1 / √(variance + eps).
  __device__ Number inverse_deviation(std::int64_t channel) const {
    return Number{1} / std::sqrt(static_cast<Number>(variance[channel] + eps));
  }

  std::int64_t rows, channels;
  const T* x;
  const double* mean;
  const double* variance;
  double eps;
  const Number* weight;
  const Number* bias;
};

/// Of `width` channels from `first` on, y = x·scale + shift.
template <class Number, unsigned width>
struct Affine {
  template <class T>
  __device__ Affine(const BatchNorm<T>& n, std::int64_t first) {
    for (unsigned j = 0; j < width; ++j) {
      const std::int64_t c = first + j;
      scale[j] = n.inverse_deviation(c) * (n.weight == nullptr ? Number{1} : n.weight[c]);
      // With the rounded scale, so that x = mean gives the bias.
      const double bias = n.bias == nullptr ? 0 : static_cast<double>(n.bias[c]);
      shift[j] = static_cast<Number>(bias - n.mean[c] * static_cast<double>(scale[j]));
    }
  }

  /// The same bits wherever it is called: backward finds the sign that forward found.
  __device__ Number operator()(unsigned j, Number x) const {
    return std::fma(x, scale[j], shift[j]);
  }

  Number scale[width], shift[width];
};

/// Where pack `column` of `row` begins in a matrix of packs.
template <class T, unsigned width>
__device__ Pack<T, width>* pack_at(T* matrix, std::int64_t packs, std::int64_t row,
                                   std::int64_t column) {
  return reinterpret_cast<Pack<T, width>*>(matrix) + row * packs + column;
}
template <class T, unsigned width>
__device__ const Pack<T, width>* pack_at(const T* matrix, std::int64_t packs, std::int64_t row,
                                         std::int64_t column) {
  return reinterpret_cast<const Pack<T, width>*>(matrix) + row * packs + column;
}

}  // namespace plastic::cuda

#pragma once

#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>

#include "core/device/batch_norm_call.h"
#include "core/ops/batch_norm_rule.h"
#include "cuda/runtime/number.h"
#include "cuda/runtime/pack.h"

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

  /// 1 / √(variance + eps), of a variance that only f64 may hold. Roots of f64 are slow on most
  /// devices.
  __device__ Number inverse_deviation(std::int64_t channel) const {
    const double square = variance[channel] + eps;
    if (square > 1e-30 && square < 1e30) return Number{1} / std::sqrt(static_cast<Number>(square));
    return static_cast<Number>(1 / std::sqrt(square));
  }

  std::int64_t rows, channels;
  const T* x;
  const double* mean;
  const double* variance;
  double eps;
  const Number* weight;
  const Number* bias;
};

/// For `width` channels from `first` on, y = (x - centre)·scale + shift.
template <class Number, unsigned width>
struct Affine {
  template <class T>
  __device__ Affine(const BatchNorm<T>& n, std::int64_t first) {
    for (unsigned j = 0; j < width; ++j) {
      const std::int64_t c = first + j;
      const Number weight = n.weight == nullptr ? Number{1} : n.weight[c];
      const double bias = n.bias == nullptr ? 0 : static_cast<double>(n.bias[c]);
      const rules::ChannelNorm<Number> channel(
          n.mean[c], n.variance[c], static_cast<double>(n.inverse_deviation(c) * weight), bias);
      centre[j] = channel.centre;
      scale[j] = channel.scale;
      shift[j] = channel.shift;
    }
  }

  /// The same bits wherever it is called: backward finds the sign that forward found.
  __device__ Number operator()(unsigned j, Number x) const {
    return std::fma(x - centre[j], scale[j], shift[j]);
  }

  Number centre[width], scale[width], shift[width];
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

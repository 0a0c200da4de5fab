#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "nn/layer_kind.h"
#include "plastic/core/ops/pool.h"
#include "plastic/nn/onnx.h"

namespace plastic::nn {

/// Throws Error for a module of a class derived from that of `kind`, called `name`: its forward()
/// may compute something else.
void check_is_plain(const OnnxGraph& graph, const Module& module, LayerKind kind, const char* name);

/// y ⊙ weight + bias, each of which may be undefined.
OnnxValue scaled_and_shifted(OnnxGraph& graph, const OnnxValue& y, const Tensor& weight,
                             const Tensor& bias);

/// max_pool2d(x, options).
OnnxValue max_pooled(OnnxGraph& graph, const OnnxValue& x, const MaxPool2dOptions& options);
/// avg_pool2d(x, options) of `module`; throws Error naming it where ONNX has no such means.
OnnxValue average_pooled(OnnxGraph& graph, const Module& module, const OnnxValue& x,
                         const AvgPool2dOptions& options);
/// adaptive_avg_pool2d(x, size).
OnnxValue adaptively_pooled(OnnxGraph& graph, const OnnxValue& x,
                            const std::array<std::int64_t, 2>& size);
/// A convolution, of which `operation` says the direction; `bias` may be undefined.
OnnxValue convolved_onnx(OnnxGraph& graph, const char* operation, const OnnxValue& x,
                         const Tensor& weight, const Tensor& bias,
                         const std::vector<OnnxAttribute>& attributes);
/// relu(x), x.flatten(1) and add(x, y), with their examples.
OnnxValue rectified(OnnxGraph& graph, const OnnxValue& x);
OnnxValue flattened(OnnxGraph& graph, const OnnxValue& x);
OnnxValue added(OnnxGraph& graph, const OnnxValue& x, const OnnxValue& y);

/// Zeros on either side, axis after axis, as ONNX lists them: those before all axes first.
template <std::size_t count>
std::vector<std::int64_t> both_sides(const std::array<std::int64_t, count>& padding) {
  std::vector<std::int64_t> all(padding.begin(), padding.end());
  all.insert(all.end(), padding.begin(), padding.end());
  return all;
}

template <std::size_t count>
std::vector<std::int64_t> list_of(const std::array<std::int64_t, count>& values) {
  return {values.begin(), values.end()};
}

}  // namespace plastic::nn

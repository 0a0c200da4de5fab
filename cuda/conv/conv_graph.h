#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/device/conv2d_shape.h"
#include "cuda/conv/cudnn_graph.h"

// A convolution's pass as one of cuDNN's graphs, and the plans that can run it.
namespace plastic::cuda {

enum class ConvPass { forward, input_grad, weight_grad };

/// What a plan depends on besides the shape.
struct ConvRules {
  ConvPass pass;
  /// Products of f32 may round their factors, as tensor cores do.
  bool tensor_cores;
  bool deterministic;
  /// Of the tensor that is aligned least.
  std::int64_t alignment;
};

/// Names of x, the filters and y in a graph, for Plan::execute().
inline constexpr std::array<std::int64_t, 3> conv_tensor_ids = {1, 2, 3};

/// A pass as a graph, with all that it was made of.
struct ConvGraph {
  cudnn_graph::Descriptor x, weight, y, convolution, operation, graph;
};

/// The filters of the graph lie as (out, height, width, in). Throws Error where cuDNN takes no such
/// convolution.
ConvGraph make_conv_graph(const cudnn_graph::Target& target, const Conv2dShape& shape,
                          const ConvRules& rules);

/// At most `max_plans` plans for a graph, best first by cuDNN's estimate.
std::vector<cudnn_graph::Plan> make_conv_plans(const cudnn_graph::Target& target,
                                               const ConvGraph& graph, const ConvRules& rules,
                                               std::size_t max_plans);

}  // namespace plastic::cuda

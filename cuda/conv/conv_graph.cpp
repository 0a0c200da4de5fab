#include "cuda/conv/conv_graph.h"

#include <utility>

#include "core/check.h"

namespace plastic::cuda {
namespace {

using cudnn_graph::Descriptor;
using cudnn_graph::Plan;
using cudnn_graph::Target;
using Sizes = std::array<std::int64_t, 4>;

/// Plans that want more are left out.
constexpr std::int64_t max_workspace_bytes = std::int64_t{256} << 20;

/// The attributes of an operation, which each pass has under names of its own.
struct PassNames {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t convolution, x, weight, y, alpha, beta;
};

PassNames names_of(ConvPass pass) {
  switch (pass) {
    case ConvPass::forward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case ConvPass::input_grad:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    case ConvPass::weight_grad:
      break;
  }
  return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
}

cudnnDataType_t data_type(DType dtype) {
  return dtype == DType::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
}

/// A tensor that lies as (images, rows, columns, channels). A number of groups is what the channels
/// of the filters leave of those of x.
Descriptor channels_last(DType dtype, std::int64_t images, std::int64_t channels,
                         std::int64_t height, std::int64_t width, std::int64_t id,
                         std::int64_t alignment) {
  const Sizes sizes{images, channels, height, width};
  const Sizes strides{height * width * channels, 1, width * channels, channels};
  return cudnn_graph::tensor(data_type(dtype), sizes, strides, id, alignment);
}

Descriptor make_convolution(const Conv2dShape& s) {
  const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  Descriptor convolution(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  convolution.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2})
      .set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT)
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode)
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, s.padding)
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, s.padding)
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, s.dilation)
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, s.stride)
      .finalize();
  return convolution;
}

/// Whether an engine computes as it is asked to.
bool is_wanted(const Descriptor& config, const ConvRules& c) {
  // The largest tile of Winograd's algorithm loses several digits.
  if (has_note(config, {CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION,
                        CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13})) {
    return false;
  }
  if (!c.tensor_cores && has_note(config, {CUDNN_NUMERICAL_NOTE_TENSOR_CORE,
                                           CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS})) {
    return false;
  }
  return !c.deterministic || !has_note(config, {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC});
}

}  // namespace

ConvGraph make_conv_graph(const Target& target, const Conv2dShape& s, const ConvRules& c) {
  const auto [x_id, weight_id, y_id] = conv_tensor_ids;
  Descriptor x =
      channels_last(s.dtype, s.batch, s.in_channels, s.in_height, s.in_width, x_id, c.alignment);
  Descriptor weight = channels_last(s.dtype, s.out_channels, s.in_channels / s.groups,
                                    s.kernel_height, s.kernel_width, weight_id, c.alignment);
  Descriptor y =
      channels_last(s.dtype, s.batch, s.out_channels, s.out_height, s.out_width, y_id, c.alignment);
  Descriptor convolution = make_convolution(s);
  const PassNames names = names_of(c.pass);
  Descriptor operation(names.type);
  operation.set(names.convolution, convolution)
      .set(names.x, x)
      .set(names.weight, weight)
      .set(names.y, y)
      .set(names.alpha, 1.0F)
      .set(names.beta, 0.0F)
      .finalize();
  Descriptor graph = cudnn_graph::operation_graph(target, operation);
  return {.x = std::move(x),
          .weight = std::move(weight),
          .y = std::move(y),
          .convolution = std::move(convolution),
          .operation = std::move(operation),
          .graph = std::move(graph)};
}

// An engine that turns out not to be able to do it is left out: that is how cuDNN says so.
std::vector<Plan> make_conv_plans(const Target& target, const ConvGraph& graph, const ConvRules& c,
                                  std::size_t max_plans) {
  std::vector<Plan> plans;
  for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    std::vector<Descriptor> configs;
    try {
      configs = cudnn_graph::engine_configs(target, graph.graph, mode);
    } catch (const Error&) {
      continue;
    }
    for (Descriptor& config : configs) {
      if (plans.size() == max_plans) return plans;
      try {
        if (!is_wanted(config, c)) continue;
        Plan plan(target, std::move(config));
        if (plan.workspace_bytes() <= max_workspace_bytes) plans.push_back(std::move(plan));
      } catch (const Error&) {
        continue;
      }
    }
  }
  return plans;
}

}  // namespace plastic::cuda

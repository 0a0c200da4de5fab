#include "plastic/nn/group_norm.h"

#include "core/check.h"
#include "core/ops/mixed_precision.h"
#include "core/tensor/tensor_impl.h"
#include "nn/normalized.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic::nn {

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, const GroupNormOptions& options)
    : ExactLayer(LayerKind::group_norm), groups_(groups), channels_(channels), eps_(options.eps) {
  if (groups < 1 || channels < 1 || channels % groups != 0) {
    fail("GroupNorm", "channels ", channels, " are no multiple of groups ", groups,
         "; both must be at least 1");
  }
  check_eps("GroupNorm", eps_);
  if (!options.affine) return;
  weight = register_parameter("weight", Tensor::ones({channels}));
  bias = register_parameter("bias", Tensor::zeros({channels}));
}

Tensor GroupNorm::forward(const Tensor& x) {
  check_floating("GroupNorm", x);
  if (x.rank() < 2 || x.size(1) != channels_) {
    fail("GroupNorm", "the input ", to_string(x.shape()), " does not have ", channels_,
         " channels on its second axis");
  }
  std::int64_t per_group = channels_ / groups_;
  for (std::int64_t axis = 2; axis < x.rank(); ++axis) per_group *= x.size(axis);
  if (per_group * x.size(0) == 1) {
    fail("GroupNorm", "the input ", to_string(x.shape()),
         " has a single value per group; it needs more");
  }
  const Tensor groups = widened("GroupNorm", x).reshape({x.size(0), groups_, per_group});
  const Tensor y = normalized("GroupNorm", groups, {2}, eps_).reshape(x.shape());
  if (!weight.defined()) return y;
  Shape per_channel = Shape::filled(x.shape().rank() - 1, 1);
  per_channel[0] = channels_;
  return add(mul(y, weight.reshape(per_channel)), bias.reshape(per_channel));
}

// Groups become channels of an instance normalisation: opset 17 has no other.
OnnxValue GroupNorm::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::group_norm, "GroupNorm");
  const auto shape = [&](const std::vector<std::int64_t>& sizes) {
    return graph.weight(Tensor::from<std::int64_t>(sizes));
  };
  const auto filled = [&](double value) {
    return graph.weight(Tensor::full({groups_}, value, {.dtype = graph.dtype()}));
  };
  // 0 stands for the size that the input has, -1 for what is left.
  const OnnxValue groups = graph.add("Reshape", {x, shape({0, groups_, -1})});
  const OnnxValue normalized =
      graph.add("InstanceNormalization", {groups, filled(1), filled(0)}, {{"epsilon", eps_}});
  std::vector<std::int64_t> sizes = {0};
  for (std::int64_t axis = 1; axis < x.example.rank(); ++axis) {
    sizes.push_back(x.example.size(axis));
  }
  // The first size of `sizes` would be that of `normalized`, the batch.
  const OnnxValue y = graph.add("Reshape", {normalized, shape(sizes)});
  if (!weight.defined()) return y;
  std::vector<std::int64_t> per_channel(sizes.size() - 1, 1);
  per_channel[0] = channels_;
  const auto along = [&](const Tensor& values) {
    return graph.add("Reshape", {graph.weight(values), shape(per_channel)});
  };
  return graph.add("Add", {graph.add("Mul", {y, along(weight)}), along(bias)});
}

}  // namespace plastic::nn

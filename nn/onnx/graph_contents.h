#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/tensor/tensor_impl.h"
#include "plastic/nn/onnx.h"

namespace plastic::nn {

struct OnnxNode {
  std::string operation;
  std::vector<std::string> inputs = {};
  /// The name of its result, and its own.
  std::string output = {};
  std::vector<OnnxAttribute> attributes = {};
};

struct OnnxGraph::Contents {
  std::vector<OnnxNode> nodes;
  std::vector<NamedTensor> weights;
  /// By which a weight is called that was added.
  std::unordered_map<const TensorImpl*, std::string> weight_names;
  /// The network's own names of its tensors.
  std::unordered_map<const TensorImpl*, std::string> own_names;
  std::unordered_map<const Module*, std::string> places;
  std::unordered_set<std::string> taken;
  /// The place of the module that is being written.
  std::string place;
  DType dtype = DType::f32;

  /// `wanted`, or that with a number where it is taken.
  std::string take(const std::string& wanted);
  /// `name` in the module that is being written.
  std::string within(const std::string& name) const;
};

}  // namespace plastic::nn

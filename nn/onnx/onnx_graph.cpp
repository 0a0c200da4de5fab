#include <utility>

#include "core/check.h"
#include "nn/onnx/graph_contents.h"
#include "plastic/core/autograd.h"

namespace plastic::nn {
namespace {

/// As the network computes it, whatever precision() its products have.
Tensor in_dtype(const Tensor& example, DType dtype) {
  return example.dtype() == DType::bf16 ? example.to(dtype) : example;
}

}  // namespace

std::string OnnxGraph::Contents::take(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; !taken.insert(name).second; ++i) name = wanted + "_" + std::to_string(i);
  return name;
}

std::string OnnxGraph::Contents::within(const std::string& name) const {
  return place.empty() ? name : place + "/" + name;
}

OnnxGraph::OnnxGraph(Module& network, const OnnxOptions& options)
    : contents_(std::make_unique<Contents>()) {
  contents_->taken = {options.input_name, options.output_name};
  network.collect_places("", contents_->places);
  for (const auto& entries : {network.named_parameters(), network.named_buffers()}) {
    for (const NamedTensor& entry : entries) {
      contents_->own_names.emplace(entry.tensor.impl().get(), entry.name);
    }
  }
  if (options.input_dtype == DType::f64) contents_->dtype = DType::f64;
  for (const Tensor& parameter : network.parameters()) {
    if (!is_floating_point(parameter.dtype())) continue;
    contents_->dtype = parameter.dtype();
    break;
  }
}

OnnxGraph::~OnnxGraph() = default;

OnnxValue OnnxGraph::call(Module& module, const OnnxValue& x) {
  if (module.is_training()) {
    refuse(module, "it is in training mode; call eval() of the network first");
  }
  if (!x.example.defined()) {
    refuse(module, "\"" + x.name + "\" has no example, which add() takes; give it one");
  }
  const auto found = contents_->places.find(&module);
  const std::string before = std::exchange(
      contents_->place, found == contents_->places.end() ? contents_->place : found->second);
  OnnxValue y = module.to_onnx(*this, x);
  contents_->place = before;
  if (!y.example.defined()) y.example = in_dtype(module.forward(x.example), contents_->dtype);
  return y;
}

OnnxValue OnnxGraph::add(std::string_view operation, const std::vector<OnnxValue>& inputs,
                         const std::vector<OnnxAttribute>& attributes, const Tensor& example) {
  OnnxNode node{.operation = std::string(operation), .attributes = attributes};
  for (const OnnxValue& input : inputs) node.inputs.push_back(input.name);
  node.output = contents_->take(contents_->within(node.operation));
  contents_->nodes.push_back(node);
  return {.name = node.output,
          .example = example.defined() ? in_dtype(example, contents_->dtype) : Tensor()};
}

OnnxValue OnnxGraph::weight(const Tensor& value) {
  check_defined("onnx", value);
  const TensorImpl* const key = value.impl().get();
  const auto [known, is_new] = contents_->weight_names.try_emplace(key);
  if (is_new) {
    const auto own = contents_->own_names.find(key);
    known->second = contents_->take(
        own == contents_->own_names.end() ? contents_->within("constant") : own->second);
    // Kept alive, so that no other tensor comes to be where it is.
    contents_->weights.push_back({known->second, value});
  }
  return {.name = known->second, .example = value.detach()};
}

DType OnnxGraph::dtype() const { return contents_->dtype; }

void OnnxGraph::refuse(const Module& module, const std::string& reason) const {
  const auto found = contents_->places.find(&module);
  const std::string place = found == contents_->places.end() ? contents_->place : found->second;
  fail("onnx", place.empty() ? "the network" : "layer \"" + place + "\"", ": ", reason);
}

OnnxValue Module::to_onnx(OnnxGraph& graph, const OnnxValue&) {
  graph.refuse(*this,
               "its class does not say what it is in ONNX; override to_onnx() "
               "(plastic/nn/onnx.h)");
}

}  // namespace plastic::nn

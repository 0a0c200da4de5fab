#include "plastic/nn/sequential.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "nn/all_or_nothing.h"
#include "nn/folded_norm.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/activation.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/containers.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/dropout.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/pool.h"

namespace plastic::nn {

Sequential::Sequential() : ExactLayer(LayerKind::sequential) {}

Sequential::Sequential(std::initializer_list<ModulePtr> modules) : Sequential() {
  for (const ModulePtr& module : modules) append(module);
}

void Sequential::append(ModulePtr module) {
  register_child(std::to_string(modules_.size()), module);
  modules_.push_back(std::move(module));
  // Only the last stage can take up what follows it.
  std::size_t from = 0;
  if (!stages_.empty()) {
    from = stages_.back().first;
    stages_.pop_back();
  }
  plan(from);
}

void Sequential::plan(std::size_t from) {
  for (std::size_t i = from; i < modules_.size();) {
    Stage stage{.first = i++};
    // Where normalisations were, a folded model has nothing.
    while (is(i, LayerKind::identity)) ++i;
    const bool is_linear = is(stage.first, LayerKind::linear);
    const bool is_convolution = is(stage.first, LayerKind::conv2d);
    if ((is_linear || is_convolution) && is(i, LayerKind::batch_norm)) {
      stage.pass = Pass::normalized;
      stage.second = i++;
      stage.folded = std::make_shared<FoldedNorm>();
      while (is(i, LayerKind::identity)) ++i;
      if (is(i, LayerKind::relu)) {
        ++i;
        stage.pass = Pass::normalized_then_relu;
      }
    } else if (is(i, LayerKind::relu)) {
      ++i;
      stage.pass = Pass::child_then_relu;
      if (is_convolution && is(i, LayerKind::max_pool2d)) {
        stage.pass = Pass::conv_relu_max_pool;
        stage.second = i++;
      } else if (is_linear && is(i, LayerKind::dropout)) {
        stage.pass = Pass::linear_relu_dropout;
        stage.second = i++;
      } else if (is_linear || is_convolution || is(stage.first, LayerKind::batch_norm)) {
        stage.pass = Pass::activated_child;
      }
    }
    stages_.push_back(stage);
  }
}

Tensor Sequential::forward(const Tensor& x) {
  return all_or_nothing([&] {
    Tensor y = x;
    for (const Stage& stage : stages_) y = apply(stage, y);
    return y;
  });
}

Tensor Sequential::apply(const Stage& stage, const Tensor& x) {
  Module& module = *modules_[stage.first];
  switch (stage.pass) {
    case Pass::child:
      return module.forward(x);
    case Pass::child_then_relu:
      return relu(module.forward(x));
    case Pass::activated_child:
      return module.forward_activated(x, Activation::relu);
    case Pass::conv_relu_max_pool:
      return static_cast<Conv2d&>(module).forward_max_pooled(
          x, Activation::relu, static_cast<MaxPool2d&>(*modules_[stage.second]).options());
    case Pass::linear_relu_dropout:
      return static_cast<Linear&>(module).forward_relu_dropout(
          x, static_cast<Dropout&>(*modules_[stage.second]));
    case Pass::normalized:
    case Pass::normalized_then_relu:
      return stage.folded->forward(
          module, static_cast<BatchNorm&>(*modules_[stage.second]), x, {},
          stage.pass == Pass::normalized ? Activation::none : Activation::relu);
  }
  return {};
}

bool Sequential::is(std::size_t i, LayerKind kind) const {
  return i < modules_.size() && kind_of(*modules_[i]) == kind;
}

void Sequential::fold_batch_norm() {
  // A class derived from this one may apply its children otherwise.
  if (kind_of(*this) == LayerKind::sequential) fold_children();
  Module::fold_batch_norm();
}

void Sequential::fold_children() {
  std::unordered_map<const Module*, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < modules_.size(); ++i) {
    if (is(i, LayerKind::conv2d)) places[modules_[i].get()].push_back(i);
  }
  for (std::size_t i = 0; i + 1 < modules_.size(); ++i) {
    if (!is(i, LayerKind::conv2d) || !is(i + 1, LayerKind::batch_norm)) continue;
    const ModulePtr follower = modules_[i + 1];
    const std::vector<std::size_t> here = std::exchange(places[modules_[i].get()], {});
    const bool is_always_followed = std::ranges::all_of(here, [&](std::size_t at) {
      return at + 1 < modules_.size() && modules_[at + 1] == follower;
    });
    const auto& norm = static_cast<const BatchNorm&>(*follower);
    // A convolution that stands elsewhere, or was seen before, has other places.
    if (!is_always_followed || std::ssize(here) != places_of(*modules_[i]) ||
        !norm.running_mean.defined()) {
      continue;
    }
    static_cast<Conv2d&>(*modules_[i]).absorb(norm);
    const auto nothing = std::make_shared<Identity>();
    for (const std::size_t at : here) {
      modules_[at + 1] = nothing;
      replace_child(std::to_string(at + 1), nothing);
    }
  }
  stages_.clear();
  plan(0);
}

OnnxValue Sequential::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::sequential, "Sequential");
  OnnxValue y = x;
  for (const ModulePtr& module : modules_) y = graph.call(*module, y);
  return y;
}

}  // namespace plastic::nn

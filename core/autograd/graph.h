#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/tensor/tensor_impl.h"
#include "plastic/core/autograd.h"
#include "plastic/core/function.h"

namespace plastic {

/// Where a node's gradient for one input goes: on to the node that computed it, into a leaf, or
/// nowhere (both null).
struct Edge {
  std::shared_ptr<Node> node;
  std::shared_ptr<TensorImpl> leaf;

  bool needed() const { return node != nullptr || leaf != nullptr; }
  /// The shape of the input; requires needed().
  const Shape& shape() const;
};

/// An edge per input of an operation.
using Edges = std::vector<Edge, Recycled<Edge>>;

using autograd::Backward;
using autograd::Gradients;
using autograd::Inputs;
using autograd::record;
using autograd::Saved;

/// One recorded operation.
class Node {
 public:
  Node(const char* op, const Shape& shape, Edges inputs, Backward backward);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Nodes are numbered in order of recording, so inputs come before results.
  std::uint64_t id() const { return id_; }
  const Edges& inputs() const { return inputs_; }
  /// The shape of the tensor that this node computed.
  const Shape& shape() const { return shape_; }
  /// Throws Error when the graph was freed, and for gradients that do not fit the inputs.
  Gradients run(const Tensor& grad) const;
  void free();
  /// The hooks of that tensor.
  std::vector<GradientHook> hooks;

 private:
  std::uint64_t id_;
  const char* op_;
  Shape shape_;
  Edges inputs_;
  Backward backward_;
};

/// Throws Error naming `op` and `what` when anomalies are looked for and `tensor` is not finite.
void check_anomaly(const char* op, const char* what, const Tensor& tensor);

}  // namespace plastic

#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "core/tensor/tensor_impl.h"
#include "plastic/core/autograd.h"

namespace plastic {

/// Where a node's gradient for one input goes: on to the node that computed it, into a leaf, or
/// nowhere (both null).
struct Edge {
  std::shared_ptr<Node> node;
  std::shared_ptr<TensorImpl> leaf;

  bool needed() const { return node != nullptr || leaf != nullptr; }
};

/// What a backward function may ask about the inputs it computes gradients for.
class Inputs {
 public:
  explicit Inputs(const std::vector<Edge>& edges) : edges_(&edges) {}

  /// Whether input i wants a gradient.
  bool needs(std::size_t i) const { return (*edges_)[i].needed(); }
  /// A contiguous tensor in the place where the leaf behind input i keeps its gradient, if that is
  /// prescribed and free, else undefined. An operation that writes there saves a copy. Ask before
  /// taking the address of any tensor's memory: a gradient that was there and is still held moves.
  Tensor slot(std::size_t i) const;
  /// A contiguous tensor to write input i's gradient into: its slot() or a new one. `options` are
  /// those of the input.
  Tensor gradient_for(std::size_t i, const Shape& shape, const TensorOptions& options) const;

 private:
  const std::vector<Edge>* edges_;
};

/// One gradient an input, undefined where none is needed.
using Gradients = std::vector<Tensor>;
/// From the gradient of an operation's result to those of its inputs. Runs without recording. The
/// gradient may have any strides.
using Backward = std::function<Gradients(const Tensor& grad, const Inputs& inputs)>;

/// One recorded operation.
class Node {
 public:
  Node(const char* op, std::vector<Edge> inputs, Backward backward);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Nodes are numbered in order of recording, so inputs come before results.
  std::uint64_t id() const { return id_; }
  const std::vector<Edge>& inputs() const { return inputs_; }
  /// Throws Error when the graph was freed.
  Gradients run(const Tensor& grad) const;
  void free();
  /// Of the tensor that this node computed.
  std::vector<GradientHook> hooks;

 private:
  std::uint64_t id_;
  const char* op_;
  std::vector<Edge> inputs_;
  Backward backward_;
};

/// Throws Error naming `op` and `what` when anomalies are looked for and `tensor` is not finite.
void check_anomaly(const char* op, const char* what, const Tensor& tensor);

/// Returns `out`, made the recorded result of `op` when gradients are being recorded and any input
/// requires one. `out` must be new: nothing else may share its TensorImpl.
Tensor record(const char* op, Tensor out, std::span<const Tensor> inputs, Backward backward);
Tensor record(const char* op, Tensor out, std::initializer_list<Tensor> inputs, Backward backward);

/// A tensor kept for backward. get() throws Error if its storage was written to since.
class Saved {
 public:
  Saved(const char* op, const Tensor& tensor)
      : op_(op), tensor_(tensor.detach()), version_(tensor.version()) {}
  const Tensor& get() const;
  const Shape& shape() const { return tensor_.shape(); }

 private:
  const char* op_;
  Tensor tensor_;
  std::uint64_t version_;
};

}  // namespace plastic

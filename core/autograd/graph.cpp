#include "core/autograd/graph.h"

#include <algorithm>
#include <atomic>
#include <new>

#include "core/autograd/gradient_slot.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/tensor/recycled.h"

namespace plastic {
namespace {

thread_local bool recording = true;
thread_local bool detecting_anomalies = false;

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> counter{0};
  return counter.fetch_add(1, std::memory_order_relaxed);
}

Edge edge_to(const Tensor& input) {
  if (!input.defined() || !input.requires_grad()) return {};
  if (input.impl()->grad_fn) return {.node = input.impl()->grad_fn, .leaf = nullptr};
  return {.node = nullptr, .leaf = input.impl()};
}

}  // namespace

NoGrad::NoGrad() : before_(recording) { recording = false; }
NoGrad::~NoGrad() { recording = before_; }
bool grad_enabled() { return recording; }

DetectAnomaly::DetectAnomaly() : before_(detecting_anomalies) { detecting_anomalies = true; }
DetectAnomaly::~DetectAnomaly() { detecting_anomalies = before_; }

void check_anomaly(const char* op, const char* what, const Tensor& tensor) {
  if (!detecting_anomalies || !tensor.defined()) return;
  const Tensor dense = tensor.detach().contiguous();
  if (!backend(tensor.device()).all_finite(array_of(dense))) {
    fail("detect_anomaly", op, " gave ", what, " of shape ", to_string(tensor.shape()),
         " that is not finite");
  }
}

namespace autograd {

bool Inputs::needs(std::size_t i) const { return edges_[i].needed(); }

Tensor Inputs::slot(std::size_t i) const {
  const std::shared_ptr<TensorImpl>& leaf = edges_[i].leaf;
  if (!leaf || leaf->grad.defined()) return {};
  // With the leaf twice among its inputs, an operation would move one gradient to place the other.
  const auto uses =
      std::count_if(edges_, edges_ + count_, [&](const Edge& edge) { return edge.leaf == leaf; });
  return uses == 1 && leaf->grad_slot ? leaf->grad_slot->take() : Tensor();
}

Tensor Inputs::gradient_for(std::size_t i, const Shape& shape, const TensorOptions& options) const {
  const Tensor place = slot(i);
  return place.defined() ? place : Tensor::empty(shape, options);
}

const Tensor& Saved::get() const {
  if (tensor_.version() != version_) {
    fail("backward", op_, " needs a tensor of shape ", to_string(tensor_.shape()),
         " that was written to in place since (version ", tensor_.version(), ", saved at ",
         version_, "); clone() it before writing");
  }
  return tensor_;
}

Tensor record(const char* op, Tensor result, std::initializer_list<Tensor> inputs,
              Backward backward) {
  return record(op, std::move(result), std::span(inputs.begin(), inputs.size()),
                std::move(backward));
}

Tensor record(const char* op, Tensor result, std::span<const Tensor> inputs, Backward backward) {
  check_anomaly(op, "a result", result);
  const bool wanted = recording && std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) {
                        return t.defined() && t.requires_grad();
                      });
  if (!wanted) return result;
  check_defined(op, result);
  TensorImpl& impl = *result.impl();
  if (impl.requires_grad || std::any_of(inputs.begin(), inputs.end(), [&](const Tensor& t) {
        return t.impl() == result.impl();
      })) {
    fail("record", op, " gave a result of shape ", to_string(result.shape()),
         " that is an input or was recorded itself; compute it from detach()ed inputs");
  }
  Edges edges;
  edges.reserve(inputs.size());
  for (const Tensor& input : inputs) edges.push_back(edge_to(input));
  impl.requires_grad = true;
  impl.grad_fn = make_recycled<Node>(op, impl.shape, std::move(edges), std::move(backward));
  return result;
}

}  // namespace autograd

const Shape& Edge::shape() const { return node ? node->shape() : leaf->shape; }

Node::Node(const char* op, const Shape& shape, Edges inputs, Backward backward)
    : id_(next_id()),
      op_(op),
      shape_(shape),
      inputs_(std::move(inputs)),
      backward_(std::move(backward)) {}

Node::~Node() {
  // A long chain of nodes is taken apart in a loop: nested destructors would exhaust the stack.
  // Only a pointer belongs to the thread, for it is never destroyed, whereas tensors of static
  // storage die after the objects of their thread.
  using Nodes = std::vector<std::shared_ptr<Node>, Recycled<std::shared_ptr<Node>>>;
  thread_local Nodes* dying = nullptr;
  const auto hand_over = [this] {
    for (Edge& edge : inputs_) {
      if (!edge.node) continue;
      try {
        dying->push_back(std::move(edge.node));
      } catch (const std::bad_alloc&) {
        // Left to be destroyed with the edge.
      }
    }
  };
  if (dying != nullptr) {
    hand_over();
    return;
  }
  Nodes nodes;
  dying = &nodes;
  hand_over();
  while (!nodes.empty()) {
    const std::shared_ptr<Node> next = std::move(nodes.back());
    nodes.pop_back();
  }
  dying = nullptr;
}

Gradients Node::run(const Tensor& grad) const {
  if (!backward_) {
    fail("backward", "the graph through ", op_,
         " was freed by an earlier backward(); pass retain_graph = true to the first call");
  }
  Gradients gradients = backward_(grad, Inputs(inputs_.data(), inputs_.size()));
  if (gradients.size() != inputs_.size()) {
    fail("backward", op_, " gave ", gradients.size(), " gradients for ", inputs_.size(),
         " inputs; give one per input, undefined where none is needed");
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined() || !inputs_[i].needed()) continue;
    const Shape& shape = inputs_[i].shape();
    const TensorImpl* leaf = inputs_[i].leaf.get();
    if (gradients[i].shape() != shape || (leaf != nullptr && gradients[i].dtype() != leaf->dtype)) {
      fail("backward", op_, " gave input ", i, " of shape ", to_string(shape), " a gradient ",
           name_of(gradients[i].dtype()), " ", to_string(gradients[i].shape()));
    }
  }
  for (const Tensor& gradient : gradients) check_anomaly(op_, "a gradient", gradient);
  return gradients;
}

void Node::free() { backward_ = Backward(); }

}  // namespace plastic

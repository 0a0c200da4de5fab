#include "plastic/core/autograd.h"

#include <functional>
#include <map>
#include <utility>

#include "core/autograd/gradient_slot.h"
#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/ops/binary_rules.h"
#include "core/tensor/overlap.h"
#include "core/threads/float_mode.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic {
namespace {

bool is_exclusive(const Tensor& tensor) {
  return tensor.impl().use_count() == 1 && tensor.impl()->storage.use_count() == 1;
}

void accumulate(TensorImpl& leaf, Tensor grad) {
  if (leaf.grad.defined()) {
    // A view of the very gradient would be read after its memory was written.
    if (grad.impl()->storage == leaf.grad.impl()->storage) grad = grad.clone();
    leaf.grad.impl()->storage->bump_version();
    const Array sum = array_of(leaf.grad);
    backend(leaf.grad.device()).binary(Binary::add, sum, array_of(grad), sum);
  } else if (leaf.grad_slot) {
    // What a hook kept is not to be added to later: the slot then moves out of its way.
    if (!leaf.hooks.empty() && !is_exclusive(grad)) grad = grad.clone();
    leaf.grad = leaf.grad_slot->placed(grad);
  } else {
    // A gradient that something else also holds must not be added to later.
    // Leaves' gradients are contiguous, whatever the layout that they were computed in.
    if (is_exclusive(grad) && grad.is_contiguous()) {
      leaf.grad = std::move(grad);
    } else {
      leaf.grad = Tensor::empty(grad.shape(), {.dtype = grad.dtype(), .device = grad.device()});
      leaf.grad.copy_(grad);
    }
  }
}

/// What the hooks make of a gradient, one after the other.
Tensor run_hooks(const std::vector<GradientHook>& hooks, Tensor grad) {
  for (const GradientHook& hook : hooks) {
    const Tensor replaced = hook(grad);
    if (!replaced.defined()) continue;
    if (replaced.shape() != grad.shape() || replaced.dtype() != grad.dtype()) {
      fail("backward", "a hook turned a gradient ", name_of(grad.dtype()), " ",
           to_string(grad.shape()), " into ", name_of(replaced.dtype()), " ",
           to_string(replaced.shape()));
    }
    check_same_device("backward", grad, replaced);
    grad = replaced;
  }
  return grad;
}

/// One walk over a graph.
class Walk {
 public:
  void send(const Edge& edge, Tensor grad) {
    if (!edge.leaf) {
      const auto [place, is_new] = pending_.try_emplace(edge.node->id(), Pending{edge.node, grad});
      if (!is_new) place->second.grad = add(place->second.grad, grad);
    } else if (edge.leaf->hooks.empty()) {
      accumulate(*edge.leaf, std::move(grad));
    } else {
      const auto [place, is_new] = hooked_.try_emplace(edge.leaf, grad);
      if (!is_new) place->second = add(place->second, grad);
    }
  }

  void run(bool retain_graph) {
    while (!pending_.empty()) {
      const auto next = pending_.extract(pending_.begin());
      Node& node = *next.mapped().node;
      Gradients gradients = node.run(run_hooks(node.hooks, next.mapped().grad));
      if (!retain_graph) node.free();
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        const Edge& edge = node.inputs()[i];
        if (edge.needed() && gradients[i].defined()) {
          send(edge, std::exchange(gradients[i], Tensor()));
        }
      }
    }
    for (auto& [leaf, grad] : hooked_) {
      accumulate(*leaf, run_hooks(leaf->hooks, std::exchange(grad, Tensor())));
    }
  }

 private:
  struct Pending {
    std::shared_ptr<Node> node;
    Tensor grad;
  };

  /// Nodes that wait for their turn, latest first: all users of a result come before what made it.
  std::map<std::uint64_t, Pending, std::greater<>,
           Recycled<std::pair<const std::uint64_t, Pending>>>
      pending_;
  /// Leaves whose hooks wait for the whole gradient.
  std::map<std::shared_ptr<TensorImpl>, Tensor> hooked_;
};

}  // namespace

bool Tensor::requires_grad() const {
  check_defined("requires_grad", *this);
  return impl_->requires_grad;
}

Tensor& Tensor::set_requires_grad(bool requires_grad) {
  check_defined("set_requires_grad", *this);
  if (impl_->grad_fn) {
    fail("set_requires_grad", "the tensor was computed from others; detach() it first");
  }
  if (requires_grad && !is_floating_point(impl_->dtype)) {
    fail("set_requires_grad", "only f32, f64 and bf16 tensors have gradients, not ",
         name_of(impl_->dtype));
  }
  impl_->requires_grad = requires_grad;
  return *this;
}

bool Tensor::is_leaf() const {
  check_defined("is_leaf", *this);
  return impl_->grad_fn == nullptr;
}

Tensor Tensor::grad() const {
  check_defined("grad", *this);
  return impl_->grad;
}

void Tensor::set_grad(const Tensor& grad) {
  check_defined("set_grad", *this);
  if (grad.defined() && (grad.shape() != shape() || grad.dtype() != dtype())) {
    fail("set_grad", "the tensor is ", name_of(dtype()), " ", to_string(shape()), ", the gradient ",
         name_of(grad.dtype()), " ", to_string(grad.shape()));
  }
  if (grad.defined()) check_same_device("set_grad", *this, grad);
  impl_->grad = grad.defined() && overlaps_itself(grad) ? grad.detach().clone() : grad;
}

void Tensor::zero_grad() {
  check_defined("zero_grad", *this);
  impl_->grad = Tensor();
}

void Tensor::backward(const Tensor& gradient, bool retain_graph) const {
  check_defined("backward", *this);
  if (!impl_->requires_grad) {
    fail("backward", "nothing to differentiate: no tensor that requires a gradient went into it");
  }
  if (gradient.defined() && (gradient.shape() != shape() || gradient.dtype() != dtype())) {
    fail("backward", "the tensor is ", name_of(dtype()), " ", to_string(shape()),
         ", the gradient given ", name_of(gradient.dtype()), " ", to_string(gradient.shape()));
  }
  if (!gradient.defined() && numel() != 1) {
    fail("backward", "a tensor of shape ", to_string(shape()),
         " needs an explicit gradient; reduce it with sum() or mean(), or pass one");
  }
  if (gradient.defined()) check_same_device("backward", *this, gradient);
  const NoGrad no_grad;
  // Gradients vanish on their way through many layers, and products of denormal numbers take up to
  // a hundred times as long. Operands are spared: functions are steep there, such as √ and norms.
  constexpr bool spares_operands = true;
  const DefaultFlush flush(spares_operands);
  Walk walk;
  const Edge root = impl_->grad_fn ? Edge{.node = impl_->grad_fn, .leaf = nullptr}
                                   : Edge{.node = nullptr, .leaf = impl_};
  walk.send(root, gradient.defined() ? gradient.detach()
                                     : ones(shape(), {.dtype = dtype(), .device = device()}));
  walk.run(retain_graph);
}

void Tensor::register_hook(std::function<Tensor(const Tensor& grad)> hook) const {
  check_defined("register_hook", *this);
  if (!impl_->requires_grad) {
    fail("register_hook", "the tensor does not require a gradient, so none will come");
  }
  (impl_->grad_fn ? impl_->grad_fn->hooks : impl_->hooks).push_back(std::move(hook));
}

}  // namespace plastic

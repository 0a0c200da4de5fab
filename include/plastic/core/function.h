#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "plastic/core/recycled.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

struct Edge;

/// Tools to write an operation with its own gradient. The operation computes its result from
/// detach()ed inputs, which records nothing, and passes record() the inputs and a function that
/// computes their gradients. Mish (arXiv 1908.08681), x · tanh(softplus(x)), which keeps two
/// tensors where the three operations would keep four:
///
///     Tensor mish(const Tensor& x) {
///       const Tensor plain = x.detach();
///       const Tensor t = tanh(softplus(plain));
///       return autograd::record(
///           "mish", plain * t, {x},
///           [x = autograd::Saved("mish", x), t = autograd::Saved("mish", t)](
///               const Tensor& g, const autograd::Inputs&) -> autograd::Gradients {
///             const Tensor& s = t.get();
///             return {g * (s + x.get() * (1 - s * s) * sigmoid(x.get()))};
///           });
///     }
///
/// gradcheck() (plastic/core/autograd.h) tells whether the gradient is right. A function written
/// with tensor operations works for inputs of any strides, broadcast and empty ones included; code
/// that reads memory itself must call contiguous() first.
namespace autograd {

/// What a function that computes gradients may ask about the operation's inputs.
class Inputs {
 public:
  /// For the engine's own files.
  Inputs(const Edge* edges, std::size_t count) : edges_(edges), count_(count) {}

  /// Whether input i needs a gradient; otherwise there is no need to compute it.
  bool needs(std::size_t i) const;
  /// A contiguous tensor to write input i's gradient into and to return as the gradient: if the
  /// input is an optimizer's parameter, its place among that optimizer's gradients, which saves a
  /// copy. Its contents are unspecified, and `shape` and `options` are those of the input. Call it
  /// before taking the address of any tensor's memory: a gradient there that is still held moves.
  Tensor gradient_for(std::size_t i, const Shape& shape, const TensorOptions& options) const;
  /// The place that gradient_for() returns if there is one and it is free, else undefined.
  Tensor slot(std::size_t i) const;

 private:
  const Edge* edges_;
  std::size_t count_;
};

/// A gradient per input, of the input's shape and dtype; undefined where none is needed.
using Gradients = std::vector<Tensor, Recycled<Tensor>>;

/// Computes the gradients of an operation's inputs from that of its result, which may have any
/// strides. Called by backward(), while nothing is recorded. Any function object may be one; copies
/// share it.
class Backward {
 public:
  Backward() = default;
  /// `function` is called with the gradient of the result and the Inputs, and is moved or copied
  /// in.
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Backward> &&
           std::is_invocable_r_v<Gradients, std::decay_t<F>&, const Tensor&, const Inputs&>)
      Backward(F&& function)
      : function_(std::allocate_shared<Held<std::decay_t<F>>>(Recycled<Held<std::decay_t<F>>>(),
                                                              std::forward<F>(function))) {}

  /// Whether it holds a function.
  explicit operator bool() const { return function_ != nullptr; }
  /// Calls the function, which must exist.
  Gradients operator()(const Tensor& grad, const Inputs& inputs) const {
    return function_->call(grad, inputs);
  }

 private:
  struct Function {
    virtual ~Function() = default;
    virtual Gradients call(const Tensor& grad, const Inputs& inputs) = 0;
  };
  template <class F>
  struct Held final : Function {
    explicit Held(F&& function) : held(std::move(function)) {}
    explicit Held(const F& function) : held(function) {}
    Gradients call(const Tensor& grad, const Inputs& inputs) override { return held(grad, inputs); }
    F held;
  };

  std::shared_ptr<Function> function_;
};

/// A tensor kept for backward(), detached, so that it keeps no graph alive. An operation that saves
/// its own result does so before it calls record().
class Saved {
 public:
  /// `op` names the operation in errors; it must outlive this, as a literal does.
  Saved(const char* op, const Tensor& tensor)
      : op_(op), tensor_(tensor.detach()), version_(tensor.version()) {}
  /// Throws Error if the tensor's memory was written to since: the gradient would be wrong.
  const Tensor& get() const;
  /// The shape of the tensor, which is known whatever was written to it.
  const Shape& shape() const { return tensor_.shape(); }

 private:
  const char* op_;
  Tensor tensor_;
  std::uint64_t version_;
};

/// Returns `result`, recorded as the result of the operation `op` if gradients are being recorded
/// and one of `inputs` requires one; else unchanged. `op`, a literal, names it in errors. An
/// operation has one result; inputs may be undefined, such as an omitted bias. Throws Error for a
/// result that was recorded itself or is one of the inputs: compute it from detach()ed inputs.
Tensor record(const char* op, Tensor result, std::span<const Tensor> inputs, Backward backward);
/// The same for a list in braces.
Tensor record(const char* op, Tensor result, std::initializer_list<Tensor> inputs,
              Backward backward);

}  // namespace autograd
}  // namespace plastic

#pragma GCC visibility pop

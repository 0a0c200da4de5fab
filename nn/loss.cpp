// Losses of numbers against numbers.
#include "plastic/nn/loss.h"

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/ops/axis.h"
#include "core/ops/broadcast.h"
#include "core/ops/mixed_precision.h"
#include "core/ops/wide_sums.h"
#include "core/tensor/tensor_impl.h"
#include "nn/reduction.h"
#include "plastic/core/ops/activation.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic::nn {
namespace {

struct Pair {
  Tensor input, target;
};

/// Both as losses are computed of them. Throws Error unless they fit each other.
Pair checked_pair(const char* op, const Tensor& prediction, const Tensor& truth) {
  Pair pair{widened(op, prediction), widened(op, truth)};
  const auto& [input, target] = pair;
  check_same_kind(op, input, target);
  check_floating(op, input);
  if (input.shape() != target.shape()) {
    fail(op, "input ", to_string(input.shape()), " and target ", to_string(target.shape()),
         " differ in shape; reshape() or expand() one of them");
  }
  return pair;
}

void check_weight(const char* op, const char* what, const Tensor& weight, const Tensor& input) {
  check_same_kind(op, weight, input);
  if (broadcast_shapes(op, weight.shape(), input.shape()) != input.shape()) {
    fail(op, what, " ", to_string(weight.shape()), " does not broadcast to the input ",
         to_string(input.shape()));
  }
}

}  // namespace

// With d = x - t: dx = 2·d·g, and the opposite for t. Sums are taken of squares in f64: f32 cannot
// hold each of them where it can hold their mean, nor where they are tiny and many.
Tensor mse_loss(const Tensor& prediction, const Tensor& truth, Reduction reduction) {
  const auto [input, target] = checked_pair("mse_loss", prediction, truth);
  if (reduction == Reduction::none) {
    const Tensor difference = sub(input, target);
    return mul(difference, difference);
  }
  const Tensor difference = sub(input.detach(), target.detach());
  const double count = reduction == Reduction::mean ? static_cast<double>(difference.numel()) : 1.0;
  const Shape kept = reduced_shape("mse_loss", difference, {});
  const Tensor loss = plastic::reduced(plastic::Reduction::sum_of_squares, difference, kept,
                                       difference.dtype(), count)
                          .reshape({});
  return record(
      "mse_loss", loss, {input, target},
      [d = Saved("mse_loss", difference), count](const Tensor& g, const Inputs& in) -> Gradients {
        const Tensor factor = mul(div(g, count), 2);
        const Tensor grad = mul(d.get(), factor);
        return {in.needs(0) ? grad : Tensor(), in.needs(1) ? neg(grad) : Tensor()};
      });
}

Tensor l1_loss(const Tensor& prediction, const Tensor& truth, Reduction reduction) {
  const auto [input, target] = checked_pair("l1_loss", prediction, truth);
  return reduced(abs(sub(input, target)), reduction);
}

// With c = min(|d|, δ), both branches are c·(|d| - c/2).
Tensor huber_loss(const Tensor& prediction, const Tensor& truth, double delta,
                  Reduction reduction) {
  const auto [input, target] = checked_pair("huber_loss", prediction, truth);
  if (!(std::isfinite(delta) && delta > 0)) {
    fail("huber_loss", "delta is ", delta, "; it must be a number above 0");
  }
  const Tensor distance = abs(sub(input, target));
  const Tensor inner = clamp(distance, 0, delta);
  return reduced(mul(inner, sub(distance, mul(inner, 0.5))), reduction);
}

namespace {

/// The losses of elements, without their weight; p may be undefined, for 1. With
/// -log σ(x) = softplus(-x) and -log(1 - σ(x)) = softplus(x):
///   dx = (1 - t)·σ(x) - p·t·σ(-x),  dt = -x + (p - 1)·softplus(-x),  dp = t·softplus(-x).
/// dt is p·softplus(-x) - softplus(x), where a small x would be lost beside softplus(0) = log 2.
Tensor binary_cross_entropy(const char* op, const Tensor& input, const Tensor& target,
                            const Tensor& pos_weight) {
  const auto times_pos_weight = [](const Tensor& y, const Tensor& p) {
    return p.defined() ? mul(y, p) : y;
  };
  const Tensor x = input.detach();
  const Tensor t = target.detach();
  const Tensor p = pos_weight.defined() ? pos_weight.detach() : pos_weight;
  const Tensor positive = times_pos_weight(mul(t, softplus(neg(x))), p);
  const Tensor losses = add(positive, mul(add(neg(t), 1), softplus(x)));
  std::vector<Tensor> inputs = {input, target};
  if (p.defined()) inputs.push_back(pos_weight);
  const Saved sx(op, x);
  const Saved st(op, t);
  const std::optional<Saved> sp =
      p.defined() ? std::optional<Saved>(std::in_place, op, p) : std::nullopt;
  return record(op, losses, inputs, [=](const Tensor& g, const Inputs& in) -> Gradients {
    const Tensor& logit = sx.get();
    const Tensor& truth = st.get();
    const Tensor weight = sp ? sp->get() : Tensor();
    Gradients grads(sp ? 3 : 2);
    if (in.needs(0)) {
      const Tensor pull = times_pos_weight(mul(truth, sigmoid(neg(logit))), weight);
      grads[0] = mul(g, sub(mul(add(neg(truth), 1), sigmoid(logit)), pull));
    }
    if (in.needs(1)) {
      Tensor slope = neg(logit);
      if (sp) {
        // softplus(-x) is log(1 + exp(-|x|)), and -x more where x is below 0: put together so that
        // infinities do not meet.
        const TensorOptions options{.dtype = logit.dtype(), .device = logit.device()};
        const Tensor is_negative = less(logit, Tensor::zeros({}, options));
        const Tensor small = softplus(neg(abs(logit)));
        slope = add(mul(slope, where(is_negative, weight, Tensor::ones({}, options))),
                    mul(small, sub(weight, 1)));
      }
      grads[1] = mul(g, slope);
    }
    if (sp && in.needs(2)) {
      grads[2] = sum_to(mul(g, mul(truth, softplus(neg(logit)))), sp->shape());
    }
    return grads;
  });
}

}  // namespace

Tensor bce_with_logits_loss(const Tensor& logits, const Tensor& truth,
                            const BceWithLogitsOptions& options) {
  constexpr const char* op = "bce_with_logits_loss";
  const auto [input, target] = checked_pair(op, logits, truth);
  if (options.pos_weight.defined()) check_weight(op, "pos_weight", options.pos_weight, input);
  Tensor losses = binary_cross_entropy(op, input, target, options.pos_weight);
  if (options.weight.defined()) {
    check_weight(op, "weight", options.weight, input);
    losses = mul(losses, options.weight);
  }
  return reduced(losses, options.reduction);
}

}  // namespace plastic::nn

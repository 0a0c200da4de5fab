#include "plastic/core/ops/softmax.h"

#include "core/check.h"
#include "core/graph.h"
#include "core/ops/axis.h"
#include "core/ops/mixed_precision.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {
namespace {

/// log Σ exp over `axes`, kept, without recording. Of nothing it is -∞.
Tensor log_sum_exp(const Tensor& x, const Shape& axes) {
  const NoGrad no_grad;
  if (x.numel() == 0) return log(sum(x, axes, /*keepdim=*/true));
  const Tensor top = max(x, axes, /*keepdim=*/true);
  // Where all is -∞, or any +∞, the shift must be 0 to keep NaN out.
  const double finite = x.dtype() == DType::f32 ? 3e38 : 1e308;
  const Tensor shift = clamp(top, -finite, finite);
  return add(shift, log(sum(exp(sub(x, shift)), axes, /*keepdim=*/true)));
}

}  // namespace

// d logsumexp = softmax(x)
Tensor logsumexp(const Tensor& input, const Shape& axes, bool keepdim) {
  const Tensor x = widened("logsumexp", input);
  check_floating("logsumexp", x);
  reduced_shape("logsumexp", x, axes);
  const Tensor kept = log_sum_exp(x, axes);
  const Tensor y = keepdim ? kept.detach() : kept.reshape(without_axes("logsumexp", x, axes));
  return record("logsumexp", y, {x},
                [kept, saved = Saved("logsumexp", x)](const Tensor& g, const Inputs&) -> Gradients {
                  return {mul(exp(sub(saved.get(), kept)), g.reshape(kept.shape()))};
                });
}

Tensor logsumexp(const Tensor& x, std::int64_t axis, bool keepdim) {
  return logsumexp(x, Shape{axis}, keepdim);
}

// d log_softmax: g - softmax·Σg
Tensor log_softmax(const Tensor& input, std::int64_t axis) {
  const Tensor x = widened("log_softmax", input);
  check_floating("log_softmax", x);
  normalize_axis("log_softmax", axis, x.shape().rank());
  const Tensor y = sub(x.detach(), log_sum_exp(x, {axis}));
  return record(
      "log_softmax", y, {x},
      [axis, saved = Saved("log_softmax", y)](const Tensor& g, const Inputs&) -> Gradients {
        return {sub(g, mul(exp(saved.get()), sum(g, {axis}, /*keepdim=*/true)))};
      });
}

// d softmax: y·(g - Σ g·y)
Tensor softmax(const Tensor& input, std::int64_t axis) {
  const Tensor x = widened("softmax", input);
  check_floating("softmax", x);
  normalize_axis("softmax", axis, x.shape().rank());
  const Tensor y = exp(sub(x.detach(), log_sum_exp(x, {axis})));
  return record("softmax", y, {x},
                [axis, saved = Saved("softmax", y)](const Tensor& g, const Inputs&) -> Gradients {
                  const Tensor& s = saved.get();
                  return {mul(s, sub(g, sum(mul(g, s), {axis}, /*keepdim=*/true)))};
                });
}

}  // namespace plastic

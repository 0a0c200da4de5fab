#include "plastic/core/ops/softmax.h"

#include "core/check.h"
#include "core/graph.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {
namespace {

/// log Σ exp along `axis`, kept, without recording. An empty axis gives -∞.
Tensor log_sum_exp(const Tensor& x, std::int64_t axis) {
  const NoGrad no_grad;
  if (x.size(axis) == 0) return log(sum(x, {axis}, /*keepdim=*/true));
  const Tensor top = max(x, {axis}, /*keepdim=*/true);
  // Where all is -∞, or any +∞, the shift must be 0 to keep NaN out.
  const double finite = x.dtype() == DType::f32 ? 3e38 : 1e308;
  const Tensor shift = clamp(top, -finite, finite);
  return add(shift, log(sum(exp(sub(x, shift)), {axis}, /*keepdim=*/true)));
}

}  // namespace

// d logsumexp = softmax(x)
Tensor logsumexp(const Tensor& x, std::int64_t axis, bool keepdim) {
  check_floating("logsumexp", x);
  normalize_axis("logsumexp", axis, x.shape().rank());
  const Tensor kept = log_sum_exp(x, axis);
  return record("logsumexp", keepdim ? kept.detach() : kept.squeeze(axis), {x},
                [axis, kept, keepdim, saved = Saved("logsumexp", x)](const Tensor& g,
                                                                     const Inputs&) -> Gradients {
                  const Tensor grad = keepdim ? g : g.unsqueeze(axis);
                  return {mul(exp(sub(saved.get(), kept)), grad)};
                });
}

// d log_softmax: g - softmax·Σg
Tensor log_softmax(const Tensor& x, std::int64_t axis) {
  check_floating("log_softmax", x);
  normalize_axis("log_softmax", axis, x.shape().rank());
  const Tensor y = sub(x.detach(), log_sum_exp(x, axis));
  return record(
      "log_softmax", y, {x},
      [axis, saved = Saved("log_softmax", y)](const Tensor& g, const Inputs&) -> Gradients {
        return {sub(g, mul(exp(saved.get()), sum(g, {axis}, /*keepdim=*/true)))};
      });
}

// d softmax: y·(g - Σ g·y)
Tensor softmax(const Tensor& x, std::int64_t axis) {
  check_floating("softmax", x);
  normalize_axis("softmax", axis, x.shape().rank());
  const Tensor y = exp(sub(x.detach(), log_sum_exp(x, axis)));
  return record("softmax", y, {x},
                [axis, saved = Saved("softmax", y)](const Tensor& g, const Inputs&) -> Gradients {
                  const Tensor& s = saved.get();
                  return {mul(s, sub(g, sum(mul(g, s), {axis}, /*keepdim=*/true)))};
                });
}

}  // namespace plastic

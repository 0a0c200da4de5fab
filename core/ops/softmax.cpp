#include "plastic/core/ops/softmax.h"

#include <limits>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/ops/axis.h"
#include "core/ops/mixed_precision.h"
#include "core/ops/wide_sums.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"

// Two numbers normalise a row: its maximum, which is taken off before anything else, and
// Σ exp(x - maximum). A large maximum would swallow the logarithm of the sum, digit by digit, if
// both were joined into one number.

namespace plastic {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor number(double value, const Tensor& like) {
  return Tensor::full({}, value, options_of(like));
}

/// The maxima over the axes that have size 1 in `kept`. Not recorded, like what follows.
Tensor maxima_of(const Tensor& x, const Shape& axes, const Shape& kept) {
  const NoGrad no_grad;
  if (x.numel() == 0) return Tensor::full(kept, -infinity, options_of(x));
  return max(x, axes, /*keepdim=*/true);
}

/// x - maximum along one axis. Of a row of -∞, or with +∞ or NaN in it, it gives NaN for what
/// PyTorch gives NaN for.
Tensor shifted(const Tensor& x, std::int64_t axis, const Shape& kept) {
  const NoGrad no_grad;
  return sub(x, maxima_of(x, {axis}, kept));
}

}  // namespace

// d logsumexp = softmax(x). A row of -∞ has the gradient 0, the limit of sums that end there;
// PyTorch's is NaN.
Tensor logsumexp(const Tensor& input, const Shape& axes, bool keepdim) {
  const Tensor x = widened("logsumexp", input);
  check_floating("logsumexp", x);
  const Shape kept = reduced_shape("logsumexp", x, axes);
  const Tensor top = maxima_of(x, axes, kept);
  Tensor y, shift, divisor;
  {
    const NoGrad no_grad;
    const Tensor is_finite = less(abs(top), number(infinity, x));
    shift = where(equal(top, number(-infinity, x)), number(0, x), top);
    const Tensor total = wide_sum(exp(sub(x, shift)), kept);
    y = where(is_finite, add(top, log(total).to(x.dtype())), top);
    divisor = where(is_finite, total.to(x.dtype()), number(1, x));
    if (!keepdim) y = y.reshape(without_axes("logsumexp", x, axes));
  }
  return record("logsumexp", y, {x},
                [kept, shift, divisor, saved = Saved("logsumexp", x)](const Tensor& g,
                                                                      const Inputs&) -> Gradients {
                  return {mul(exp(sub(saved.get(), shift)), div(g.reshape(kept), divisor))};
                });
}

Tensor logsumexp(const Tensor& x, std::int64_t axis, bool keepdim) {
  return logsumexp(x, Shape{axis}, keepdim);
}

// d log_softmax: g - softmax·Σg
Tensor log_softmax(const Tensor& input, std::int64_t axis) {
  const Tensor x = widened("log_softmax", input);
  check_floating("log_softmax", x);
  const Shape kept = reduced_shape("log_softmax", x, {axis});
  const Tensor below = shifted(x.detach(), axis, kept);
  const Tensor y = sub(below, log(wide_sum(exp(below), kept)).to(x.dtype()));
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
  const Shape kept = reduced_shape("softmax", x, {axis});
  const Tensor terms = exp(shifted(x.detach(), axis, kept));
  const Tensor y = div(terms, wide_sum(terms, kept).to(x.dtype()));
  return record("softmax", y, {x},
                [axis, saved = Saved("softmax", y)](const Tensor& g, const Inputs&) -> Gradients {
                  const Tensor& s = saved.get();
                  return {mul(s, sub(g, sum(mul(g, s), {axis}, /*keepdim=*/true)))};
                });
}

}  // namespace plastic

#include <cmath>

#include "core/check.h"
#include "core/tensor/tensor_impl.h"
#include "core/text_stream.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

/// Σ wᵢ·yᵢ with distinct weights in [0.5, 1.5).
Tensor weighted_sum(const Tensor& y) {
  Generator generator{.seed = 1};
  return sum(mul(y, uniform(y.shape(), 0.5, 1.5, generator, DType::f64).to(y.device())));
}

/// A view of element `index`, in row-major order.
Tensor element_of(const Tensor& tensor, std::int64_t index) {
  std::int64_t position = tensor.impl()->offset;
  for (std::size_t axis = tensor.shape().rank(); axis-- > 0;) {
    position += index % tensor.shape()[axis] * tensor.strides()[axis];
    index /= tensor.shape()[axis];
  }
  return make_view(tensor.impl()->storage, tensor.dtype(), {}, {}, position);
}

}  // namespace

GradcheckResult gradcheck(const std::function<Tensor(std::span<const Tensor>)>& function,
                          std::span<const Tensor> inputs, const GradcheckOptions& options) {
  std::vector<Tensor> leaves;
  for (const Tensor& input : inputs) {
    if (input.requires_grad() && input.dtype() != DType::f64) {
      fail("gradcheck", "inputs that require a gradient must be f64, got ", name_of(input.dtype()));
    }
    leaves.push_back(input.detach());
    leaves.back().set_requires_grad(input.requires_grad());
  }
  weighted_sum(function(leaves)).backward();

  const NoGrad no_grad;
  const auto value = [&] { return weighted_sum(function(leaves)).item(); };
  GradcheckResult result;
  double worst = -1;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (!leaves[i].requires_grad()) continue;
    const Tensor grad = leaves[i].grad().defined()
                            ? leaves[i].grad()
                            : Tensor::zeros(leaves[i].shape(), options_of(leaves[i]));
    const std::vector<double> analytic = grad.to_vector<double>();
    for (std::int64_t j = 0; j < leaves[i].numel(); ++j) {
      Tensor element = element_of(leaves[i], j);
      const double before = element.item();
      element.fill_(before + options.step);
      const double above = value();
      element.fill_(before - options.step);
      const double below = value();
      element.fill_(before);
      const double numeric = (above - below) / (2 * options.step);
      const double exact = analytic[static_cast<std::size_t>(j)];
      const double error = std::abs(exact - numeric);
      const double excess =
          error - options.absolute_tolerance - options.relative_tolerance * std::abs(numeric);
      // Written so that NaN fails.
      if (!(excess <= 0)) result.passed = false;
      if (!(error <= worst)) {
        worst = error;
        TextStream message;
        message.precision(12);
        message << "input " << i << ", element " << j << ": backward gives " << exact
                << ", differences give " << numeric;
        result.message = message.str();
      }
    }
  }
  return result;
}

}  // namespace plastic

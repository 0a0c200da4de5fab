#include "plastic/data/standardization.h"

#include <vector>

#include "core/check.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"

namespace plastic::data {
namespace {

constexpr const char* op = "standardization";

void check_finite(const char* name, const Tensor& x) {
  const std::vector<double> values = x.to_vector<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(values[i] - values[i] == 0)) {
      fail(op, "the ", name, " of feature ", i, " is ", values[i],
           "; leave out examples that are not finite, or scale them first");
    }
  }
}

}  // namespace

Tensor Standardization::apply(const Tensor& x) const { return (x - mean) / deviation; }

Tensor Standardization::undo(const Tensor& x) const { return x * deviation + mean; }

Standardization standardization(const Tensor& features) {
  if (!features.defined()) fail(op, "the features are undefined; set them");
  if (features.dtype() != DType::f32 && features.dtype() != DType::f64) {
    fail(op, "needs f32 or f64, got ", name_of(features.dtype()),
         "; convert with .to(plastic::DType::f32)");
  }
  if (features.rank() == 0 || features.size(0) == 0) {
    fail(op, "there are no examples in features ", to_string(features.shape()),
         "; it needs (N, ...)");
  }
  const NoGrad no_grad;
  const Tensor wide = features.to(DType::f64);
  const Tensor middle = mean(wide, {0});
  const Tensor spread = sqrt(var(wide, {0}, false, 0));
  check_finite("mean", middle.to(Device{}));
  check_finite("deviation", spread.to(Device{}));
  // The mean of equal values may be rounded, which leaves a deviation of that size.
  const Tensor is_constant = less_equal(spread, abs(middle) * 1e-15);
  const Tensor one = Tensor::ones({}, {.dtype = DType::f64, .device = features.device()});
  return {.mean = middle.to(features.dtype()),
          .deviation = where(is_constant, one, spread).to(features.dtype())};
}

}  // namespace plastic::data

#include "plastic/core/ops/conv1d.h"

#include "core/check.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops/conv2d.h"

namespace plastic {

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
              const Conv1dOptions& options) {
  check_defined("conv1d", x);
  check_defined("conv1d", weight);
  if (x.rank() != 3 || weight.rank() != 3) {
    fail("conv1d", "needs x (N, C, L) and weight (O, C / groups, k), got ", to_string(x.shape()),
         " and ", to_string(weight.shape()));
  }
  return conv2d(x.unsqueeze(2), weight.unsqueeze(2), bias,
                {.stride = {1, options.stride},
                 .padding = {0, options.padding},
                 .dilation = {1, options.dilation},
                 .groups = options.groups,
                 .activation = options.activation})
      .squeeze(2);
}

}  // namespace plastic

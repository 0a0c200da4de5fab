#pragma once

#include <cmath>

#include "core/device/host_device.h"

namespace plastic::optim {

/// θ and Adam's two averages, for one element.
struct AdamElement {
  float theta = 0, average = 0, square = 0;
};

/// Adam (arXiv 1412.6980) and AdamW (arXiv 1711.05101) as torch.optim: eps outside the root, after
/// the bias correction of v.
struct AdamRule {
  float keep = 0, take = 0;
  float square_keep = 0, square_take = 0;
  /// Coupled decay joins g; decoupled decay is `shrink` = 1 - lr·λ.
  float decay = 0, shrink = 1;
  /// lr / (1 - β₁ᵗ) and 1 / √(1 - β₂ᵗ).
  float rate = 0, root_correction = 1;
  float eps = 0;

  PLASTIC_HOST_DEVICE AdamElement operator()(AdamElement e, float g) const {
    // An infinite θ without decay leaves g as it is.
    g += decay == 0 ? 0 : decay * e.theta;
    e.average = keep * e.average + take * g;
    // In PyTorch's order, in which a square may be larger than an f32 can be.
    e.square = square_keep * e.square + square_take * g * g;
    e.theta = shrink * e.theta - rate * e.average / (std::sqrt(e.square) * root_correction + eps);
    return e;
  }
};

}  // namespace plastic::optim

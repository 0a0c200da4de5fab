#pragma once

#include "core/host_device.h"

namespace plastic::optim {

/// SGD as torch.optim.SGD: g' = g + λ·θ, B ← keep·B + take·g', θ ← θ - lr·(direct·g' + through·B).
struct SgdRule {
  float lr = 0, decay = 0;
  /// momentum and 1 - dampening; 0 and 1 at a parameter's first step.
  float keep = 0, take = 1;
  /// 1 and 0 without momentum, 0 and 1 with it, 1 and momentum for Nesterov.
  float direct = 1, through = 0;

  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& buffer) const {
    const float decayed = g + decay * theta;
    buffer = keep * buffer + take * decayed;
    theta -= lr * (direct * decayed + through * buffer);
  }
  PLASTIC_HOST_DEVICE void operator()(float& theta, float g) const {
    theta -= lr * (g + decay * theta);
  }
};

}  // namespace plastic::optim

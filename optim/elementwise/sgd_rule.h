#pragma once

#include "core/device/host_device.h"

namespace plastic::optim {

/// θ and the momentum buffer B, for one element.
struct SgdElement {
  float theta = 0, buffer = 0;
};

/// SGD as torch.optim.SGD: g' = g + λ·θ, B ← keep·B + take·g', θ ← θ - lr·(direct·g' + through·B).
struct SgdRule {
  float lr = 0, decay = 0;
  /// momentum and 1 - dampening; 0 and 1 at a parameter's first step.
  float keep = 0, take = 1;
  /// 1 and 0 without momentum, 0 and 1 with it, 1 and momentum for Nesterov.
  float direct = 1, through = 0;

  PLASTIC_HOST_DEVICE SgdElement operator()(SgdElement e, float g) const {
    const float decayed = g + times(decay, e.theta);
    e.buffer = times(keep, e.buffer) + times(take, decayed);
    e.theta -= lr * (times(direct, decayed) + times(through, e.buffer));
    return e;
  }
  /// Without momentum.
  PLASTIC_HOST_DEVICE float operator()(float theta, float g) const {
    return theta - lr * (g + times(decay, theta));
  }

 private:
  /// What PyTorch leaves out where the factor is 0 must not make a NaN of an infinity.
  PLASTIC_HOST_DEVICE static float times(float factor, float x) {
    return factor == 0 ? 0 : factor * x;
  }
};

}  // namespace plastic::optim

#pragma once

#include <cstdint>

#include "cuda/runtime/context.h"
#include "data/loading/augment_rules.h"

namespace plastic::cuda {

/// Where a batch begins in its epoch's order, and the seed of the epoch's changes; in device
/// memory.
struct BatchPlace {
  std::int64_t position = 0;
  std::uint64_t epoch_seed = 0;
};

/// See data/loading/device_gather.h; all pointers are to device memory.
struct GatherImages {
  data::AugmentRules rules;
  const std::uint8_t* images = nullptr;
  const std::int64_t* labels = nullptr;
  const float* table = nullptr;
  const float* mean = nullptr;
  const float* scale = nullptr;
  const std::int64_t* order = nullptr;
  const BatchPlace* place = nullptr;
  std::int64_t count = 0;
  float* out_images = nullptr;
  std::int64_t* out_labels = nullptr;
};

void gather_images(Context& context, const GatherImages& call);

}  // namespace plastic::cuda

#pragma once

#include <doctest/doctest.h>

#include "plastic/core/device.h"
#include "plastic/core/error.h"

namespace plastic::test {

constexpr Device cuda_device{.type = DeviceType::cuda, .index = 0};

/// Whether a test that needs a CUDA device can run; says so where it cannot, which CTest counts as
/// skipped.
inline bool has_cuda_device() {
  if (available_devices().size() > 1) return true;
  MESSAGE("skipped: no CUDA device (" << cuda_unavailable_reason() << ")");
  return false;
}

}  // namespace plastic::test

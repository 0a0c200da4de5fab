#pragma once

#include "core/device/registry.h"

namespace plastic::test {

/// While one lives, cuda:0 is there: its memory is the host's, its kernels are the CPU's, and every
/// call checks that what it reads and writes was allocated on it. Computes bf16 in f32 and rounds.
/// Shows, where there is no device, that core keeps tensors apart by device and dtype. Its tensors
/// must not outlive it.
class PretendDevice {
 public:
  PretendDevice();
  ~PretendDevice();
  PretendDevice(const PretendDevice&) = delete;
  PretendDevice& operator=(const PretendDevice&) = delete;

 private:
  DeviceProvider* before_;
};

}  // namespace plastic::test

#include "optim/kernels.h"

#include "core/check.h"

namespace plastic::optim {

Kernels& kernels_for(Device device) {
  if (device.type == DeviceType::cpu) return cpu_kernels();
  Kernels* kernels = cuda_kernels(device.index);
  if (kernels == nullptr) {
    fail("optimizer", "parameters are on ", to_string(device),
         ", for which this build has no optimizers; move them to the CPU");
  }
  return *kernels;
}

}  // namespace plastic::optim

#include "optim/kernels.h"

#include "core/check.h"
#include "core/device/backend.h"
#include "optim/kernel_source.h"

namespace plastic::optim {

Kernels& kernels_for(Device device) {
  if (device.type == DeviceType::cpu) return cpu_kernels();
  if (auto* source = dynamic_cast<KernelSource*>(&backend(device))) {
    return source->optimizer_kernels();
  }
  fail("optimizer", "parameters are on ", to_string(device),
       ", for which this build has no optimizers; move them to the CPU");
}

}  // namespace plastic::optim

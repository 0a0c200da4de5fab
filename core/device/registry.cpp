#include "core/device/registry.h"

#include <array>
#include <atomic>

#include "core/check.h"

namespace plastic {
namespace {

#ifndef PLASTIC_HAS_CUDA
/// Stands for the CUDA devices of a build that has none.
class NoCudaDevices final : public DeviceProvider {
 public:
  int count() override { return 0; }
  std::string reason() override { return "this build has no CUDA"; }
  std::string description(int) override { fail("cuda", reason()); }
  Backend& backend(int) override { fail("cuda", reason()); }
  MemoryUse memory_use(int) override { fail("cuda", reason()); }
  void shrink_caches(std::size_t) override {}
};

DeviceProvider& cuda_devices_of_build() {
  // Never destroyed: tensors of static storage ask for it.
  static auto& none = *new NoCudaDevices;
  return none;
}
#else
DeviceProvider& cuda_devices_of_build() { return cuda_devices(); }
#endif

/// Null where nothing was registered, which holds before main(), too.
constinit std::array<std::atomic<DeviceProvider*>, 2> registered{};

std::atomic<DeviceProvider*>& place_of(DeviceType type) {
  return registered[static_cast<std::size_t>(type)];
}

}  // namespace

DeviceProvider& device_provider(DeviceType type) {
  if (DeviceProvider* provider = place_of(type).load(std::memory_order_acquire)) return *provider;
  return type == DeviceType::cpu ? cpu_devices() : cuda_devices_of_build();
}

DeviceProvider* register_device(DeviceType type, DeviceProvider* provider) {
  return place_of(type).exchange(provider, std::memory_order_acq_rel);
}

}  // namespace plastic

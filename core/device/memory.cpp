#include "plastic/core/memory.h"

#include <atomic>
#include <cstdint>

#include "core/device/registry.h"
#include "core/tensor/constant_weight.h"
#include "core/tensor/recycled.h"

namespace plastic {
namespace {

std::atomic<std::size_t> limit{SIZE_MAX};

void shrink_caches(std::size_t keep) {
  for (const DeviceType type : {DeviceType::cpu, DeviceType::cuda}) {
    device_provider(type).shrink_caches(keep);
  }
}

}  // namespace

MemoryUse memory_use(Device device) {
  // Says why where the device is not there.
  describe(device);
  return device_provider(device.type).memory_use(device.index);
}

void empty_cache() {
  forget_weight_forms();
  free_recycled();
  shrink_caches(0);
}

void set_cache_limit(std::size_t bytes) {
  limit = bytes;
  if (bytes == SIZE_MAX) return;
  shrink_caches(bytes);
}

std::size_t cache_limit() { return limit.load(std::memory_order_relaxed); }

}  // namespace plastic

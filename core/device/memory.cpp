#include "plastic/core/memory.h"

#include <atomic>
#include <cstdint>

#include "core/device/backend.h"
#include "core/device/device_cache.h"

namespace plastic {
namespace {

std::atomic<std::size_t> limit{SIZE_MAX};

}  // namespace

MemoryUse memory_use(Device device) {
  if (device.type == DeviceType::cpu) return cpu_memory_use();
  // Says why where the device is not there.
  describe(device);
  return cuda_memory_use(device.index);
}

void empty_cache() {
  cpu_shrink_cache(0);
  cuda_shrink_caches(0);
}

void set_cache_limit(std::size_t bytes) {
  limit = bytes;
  if (bytes == SIZE_MAX) return;
  cpu_shrink_cache(bytes);
  cuda_shrink_caches(bytes);
}

std::size_t cache_limit() { return limit.load(std::memory_order_relaxed); }

}  // namespace plastic

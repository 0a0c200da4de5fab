#include "core/cpu/cpu_backend.h"

#include <cstddef>
#include <cstring>
#include <new>

#include "core/cpu/allocator.h"

namespace plastic {
namespace cpu {

void* CpuBackend::allocate(std::size_t bytes) { return cpu::allocate(bytes); }
void CpuBackend::deallocate(void* data, std::size_t bytes) { cpu::deallocate(data, bytes); }

void CpuBackend::copy_from_host(const void* host, void* device, std::size_t bytes) {
  if (bytes > 0) std::memcpy(device, host, bytes);
}
void CpuBackend::copy_to_host(const void* device, void* host, std::size_t bytes) {
  if (bytes > 0) std::memcpy(host, device, bytes);
}

Backend& CpuDevices::backend(int) { return cpu_backend(); }
MemoryUse CpuDevices::memory_use(int) { return cpu::memory_use(); }
void CpuDevices::shrink_caches(std::size_t keep) { shrink_cache(keep); }

namespace {

/// An instance that is never destroyed: tensors with static lifetime give their memory back after
/// main().
template <class T>
T& lasting() {
  alignas(T) static std::byte place[sizeof(T)];
  static auto* instance = new (place) T;
  return *instance;
}

}  // namespace
}  // namespace cpu

Backend& cpu_backend() { return cpu::lasting<cpu::CpuBackend>(); }
DeviceProvider& cpu_devices() { return cpu::lasting<cpu::CpuDevices>(); }

namespace {

// Made before main(): a fork while another thread made them would leave the child waiting.
[[maybe_unused]] const Backend& backend_made_early = cpu_backend();
[[maybe_unused]] const DeviceProvider& devices_made_early = cpu_devices();

}  // namespace
}  // namespace plastic

// What the CPU's device is apart from its kernels, and how the library gets it at one level.
#include "core/cpu/cpu_backend.h"

#include <cstddef>
#include <cstring>

#include "core/cpu/allocator.h"

namespace plastic::cpu {

void* CpuBackend::allocate(std::size_t bytes) { return cpu::allocate(bytes); }
void CpuBackend::deallocate(void* data, std::size_t bytes) { cpu::deallocate(data, bytes); }

void CpuBackend::copy_from_host(const void* host, void* device, std::size_t bytes) {
  if (bytes > 0) std::memcpy(device, host, bytes);
}
void CpuBackend::copy_to_host(const void* device, void* host, std::size_t bytes) {
  if (bytes > 0) std::memcpy(host, device, bytes);
}

Backend& PLASTIC_AT_LEVEL(backend)() {
  // Never destroyed: tensors with static lifetime give their memory back after main().
  static auto& instance = *new CpuBackend;
  return instance;
}

}  // namespace plastic::cpu

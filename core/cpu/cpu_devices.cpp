#include "core/cpu/allocator.h"
#include "core/cpu/bf16/backend.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/level.h"
#include "plastic/core/error.h"

namespace plastic {
namespace cpu {

Backend& CpuDevices::backend(int) { return cpu_backend(); }
MemoryUse CpuDevices::memory_use(int) { return cpu::memory_use(); }
void CpuDevices::shrink_caches(std::size_t keep) { shrink_cache(keep); }

}  // namespace cpu

Backend& cpu_backend() {
  // Never destroyed: tensors with static lifetime give their memory back after main().
  static Backend& device =
      *cpu::with_bf16(cpu::at_level(PLASTIC_LEVELS_OF(cpu::backend))(),
                      cpu::at_level(PLASTIC_BF16_LEVELS_OF(cpu::bf16_products))())
           .release();
  return device;
}

DeviceProvider& cpu_devices() {
  // Never destroyed: tensors of static storage ask for it.
  static auto& devices = *new cpu::CpuDevices;
  return devices;
}

namespace {

/// Made before main(): a fork while another thread made them would leave the child waiting.
bool make_early() {
  cpu_devices();
  try {
    cpu_backend();
  } catch (const Error&) {
    // PLASTIC_ISA cannot be obeyed. Who uses the device is told.
    return false;
  }
  return true;
}

[[maybe_unused]] const bool made_early = make_early();

}  // namespace
}  // namespace plastic

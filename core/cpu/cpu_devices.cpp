#include "core/cpu/allocator.h"
#include "core/cpu/bf16/backend.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/level.h"

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

[[maybe_unused]] const bool made_early = cpu::make_early([] {
  cpu_devices();
  cpu_backend();
});

}  // namespace
}  // namespace plastic

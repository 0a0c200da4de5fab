// Makes the emulated device the CUDA device of this program.
#include "core/device/registry.h"

namespace plastic::emulator {
namespace {

[[maybe_unused]] const DeviceProvider* const built_in =
    register_device(DeviceType::cuda, &cuda_devices());

}  // namespace
}  // namespace plastic::emulator

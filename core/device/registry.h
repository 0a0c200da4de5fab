#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/device/backend.h"
#include "plastic/core/device.h"
#include "plastic/core/memory.h"

namespace plastic {

/// The devices of one type: how many there are, what they are, and what they can do. Functions that
/// take an index are called with one below count().
class DeviceProvider {
 public:
  virtual ~DeviceProvider() = default;
  virtual int count() = 0;
  /// Why no device is available; empty if one is.
  virtual std::string reason() { return {}; }
  virtual std::string description(int index) = 0;
  virtual Backend& backend(int index) = 0;

  virtual MemoryUse memory_use(int index) = 0;
  /// Gives freed memory above `keep` bytes per device back to the system.
  virtual void shrink_caches(std::size_t keep) = 0;

  /// The libraries that the devices compute with, each with its version and file, such as "cuDNN
  /// 9.19.0, /usr/lib/libcudnn.so.9", or why it is not used. Loads them.
  virtual std::vector<std::string> libraries() { return {}; }
};

/// The provider of the devices of a type: what was registered, else what the library was built
/// with.
DeviceProvider& device_provider(DeviceType type);

/// Makes `provider`, which must outlive all tensors on its devices, the provider of the devices of
/// a type; null restores what the library was built with. Returns what was registered before. This
/// is how tests and benchmarks replace a device by their own. Must not be called while another
/// thread uses a device of that type.
DeviceProvider* register_device(DeviceType type, DeviceProvider* provider);

/// Defined in core/cpu.
DeviceProvider& cpu_devices();
/// Defined in cuda/, for a build with CUDA.
DeviceProvider& cuda_devices();

}  // namespace plastic

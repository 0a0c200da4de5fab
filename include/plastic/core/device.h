#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plastic/core/link_check.h"

#pragma GCC visibility push(default)

namespace plastic {

/// The kinds of devices.
enum class DeviceType {
  /// The processor, with all its cores.
  cpu,
  /// A GPU of NVIDIA's, in a build with CUDA.
  cuda,
};

/// Where a tensor lives. `index` tells several CUDA devices apart and is 0 for the CPU.
struct Device {
  /// What kind of device it is.
  DeviceType type = DeviceType::cpu;
  /// Which of the CUDA devices, from 0; 0 for the CPU.
  int index = 0;

  /// Whether both are the same device.
  bool operator==(const Device&) const = default;
};

/// Parses "cpu", "cuda" or "cuda:N". Throws Error for any other text.
Device parse_device(std::string_view text);

/// "cpu" or "cuda:N".
std::string to_string(Device device);

/// What a device is: "NVIDIA H100 80GB HBM3, 79 GiB, compute capability 9.0"; for the CPU, "the
/// CPU". Throws Error when it is not available.
std::string describe(Device device);

/// The devices that this build can use on this machine; the CPU is always the first.
std::vector<Device> available_devices();

/// Why no CUDA device can be used ("built without CUDA", "no device found: ..."); empty when one
/// can.
std::string cuda_unavailable_reason();

/// Number of threads the CPU device computes with, the calling thread included. The default is the
/// number of processors this process may run on, by its affinity mask and the quota of its control
/// group, rounded up; fewer, from the first loop on, if the system does not start that many. The
/// child of a fork() starts its own.
int num_threads();

/// Sets num_threads(). Throws Error unless 1 <= count <= 1024, and when the system does not start
/// that many, leaving the number unchanged. Any thread may call it at any time; if another thread
/// is computing, the next loop starts the threads, and uses fewer if the system starts no more.
void set_num_threads(int count);

}  // namespace plastic

#pragma GCC visibility pop

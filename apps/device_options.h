#pragma once

#include <string>

#include "plastic/core/device.h"

namespace CLI {
class App;
}

namespace plastic::apps {

/// Adds --device, which is there in every build: whether the device is, too, is asked when it is
/// used.
void add_device_option(CLI::App& command, Device& device);

/// Throws Error unless the device is there, saying why.
void check_device(Device device);

/// "cuda:0, NVIDIA H100 80GB HBM3, 79 GiB, compute capability 9.0", or "cpu".
std::string device_text(Device device);

}  // namespace plastic::apps

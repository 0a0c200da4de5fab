#pragma once

#include <string>
#include <vector>

#include "plastic/core/device.h"
#include "plastic/core/precision.h"

namespace CLI {
class App;
}

namespace plastic::apps {

/// What a CUDA device computes with, for the whole process.
struct Arithmetic {
  Precision precision = Precision::f32;
  bool deterministic = false;
};

/// Adds --device, which is there in every build: whether the device is, too, is asked when it is
/// used.
void add_device_option(CLI::App& command, Device& device);

/// Throws Error unless the device is there, saying why.
void check_device(Device device);

/// Sets the process to it. Throws UsageError for a precision that `device` does not have.
void use(const Arithmetic& arithmetic, Device device);

/// The names that --precision takes.
std::vector<std::string> precision_names();

/// "cuda:0, NVIDIA H100 80GB HBM3, 79 GiB, compute capability 9.0", or "cpu".
std::string device_text(Device device);

/// "f32"; for bf16 on the CPU also with what its level of instructions computes it: "bf16 (products
/// by AMX's tiles)". Throws Error where PLASTIC_ISA cannot be obeyed.
std::string precision_text(Precision precision, Device device);

}  // namespace plastic::apps

#include "apps/cli/device_options.h"

#include <CLI/CLI.hpp>
#include <string>

#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "core/cpu/level.h"
#include "plastic/core/deterministic.h"
#include "plastic/core/error.h"

namespace plastic::apps {
namespace {

constexpr const char* group = "Device";

Device parse(const std::string& text) {
  try {
    return parse_device(text);
  } catch (const Error&) {
    throw UsageError("expected cpu, cuda or cuda:N, got '" + text + "'");
  }
}

}  // namespace

void add_device_option(CLI::App& command, Device& device) {
  add_text_option(command, "--device", "NAME", to_string(device), group,
                  "What to compute on: cpu, cuda or cuda:N, an NVIDIA GPU; 'plastic info' lists "
                  "what is there",
                  [&device](const std::string& text) { device = parse(text); });
}

void check_device(Device device) { describe(device); }

void use(const Arithmetic& arithmetic, Device device) {
  if (arithmetic.precision == Precision::tf32 && device.type == DeviceType::cpu) {
    throw UsageError("--precision tf32: only a CUDA device has it; the CPU has f32 and bf16");
  }
  set_precision(arithmetic.precision);
  set_deterministic(arithmetic.deterministic);
}

std::vector<std::string> precision_names() {
  std::vector<std::string> names;
  for (const Precision precision : {Precision::f32, Precision::tf32, Precision::bf16}) {
    names.push_back(to_string(precision));
  }
  return names;
}

std::string device_text(Device device) {
  const bool is_cpu = device.type == DeviceType::cpu;
  return to_string(device) + (is_cpu ? "" : ", " + describe(device));
}

std::string precision_text(Precision precision, Device device) {
  std::string text = to_string(precision);
  if (precision == Precision::bf16 && device.type == DeviceType::cpu) {
    text += " (" + cpu::bf16_description(cpu::level()) + ")";
  }
  return text;
}

}  // namespace plastic::apps

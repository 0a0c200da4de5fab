#include "apps/device_options.h"

#include <CLI/CLI.hpp>
#include <string>

#include "apps/options.h"
#include "apps/values.h"
#include "plastic/core/error.h"

namespace plastic::apps {
namespace {

Device parse(const std::string& text) {
  try {
    return parse_device(text);
  } catch (const Error&) {
    throw UsageError("expected cpu, cuda or cuda:N, got '" + text + "'");
  }
}

}  // namespace

void add_device_option(CLI::App& command, Device& device) {
  add_text_option(command, "--device", "NAME", to_string(device), "Device",
                  "What to compute on: cpu, cuda or cuda:N, an NVIDIA GPU; 'plastic info' lists "
                  "what is there",
                  [&device](const std::string& text) { device = parse(text); });
}

void check_device(Device device) { describe(device); }

std::string device_text(Device device) {
  const bool is_cpu = device.type == DeviceType::cpu;
  return to_string(device) + (is_cpu ? "" : ", " + describe(device));
}

}  // namespace plastic::apps

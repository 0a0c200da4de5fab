// plastic info: what this build and this machine offer.
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/device_options.h"
#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "apps/commands/commands.h"
#include "apps/terminal/terminal_text.h"
#include "core/cpu/level.h"
#include "core/device/registry.h"
#include "core/io/utf8_path.h"
#include "plastic/core/device.h"
#include "plastic/core/error.h"
#include "plastic/core/version.h"
#include "plastic/data/catalog.h"
#include "plastic/distributed.h"

namespace plastic::apps {
namespace {

// Where PLASTIC_ISA cannot be obeyed, this says what is wrong with it.
std::string vector_instructions() {
  cpu::Level used = cpu::Level::baseline;
  try {
    used = cpu::level();
  } catch (const Error& error) {
    return printable(error.what());
  }
  std::vector<std::string> names;
  for (const cpu::Level level : cpu::built_levels()) {
    names.push_back(std::string(cpu::to_string(level)) + (level == used ? " (used)" : "") +
                    (cpu::is_supported(level) ? "" : " (not on this processor)"));
  }
  return cpu::description(used) + (names.size() == 1 ? "; this build has no other"
                                                     : "; PLASTIC_ISA may name " + join(names));
}

// "bf16", and with what the CPU computes it, where that is known.
std::string bf16_of_cpu() {
  try {
    return precision_text(Precision::bf16, Device());
  } catch (const Error&) {
    return to_string(Precision::bf16);
  }
}

// Only where there is a device: to load them takes a third of a second.
void print_libraries() {
  const char* label = "libraries            ";
  for (const std::string& library : device_provider(DeviceType::cuda).libraries()) {
    std::cout << label << printable(library) << "\n";
    label = "                     ";
  }
}

void print_devices() {
  const char* label = "devices              ";
  for (const Device& device : available_devices()) {
    std::cout << label << device_text(device) << "\n";
    label = "                     ";
  }
  const std::string reason = cuda_unavailable_reason();
  if (!reason.empty()) std::cout << "                     no CUDA: " << reason << "\n";
  if (reason.empty()) print_libraries();
  std::cout << "precisions           cpu: f32, " << bf16_of_cpu()
            << "; cuda: " << join(precision_names()) << "\n";
}

void print_data_sets(const std::optional<std::filesystem::path>& data_dir) {
  std::cout << "data sets\n";
  for (const data::CatalogEntry& entry : data::catalog()) {
    std::cout << "  " << entry.name << ": " << entry.description << "\n";
    if (entry.generated) {
      std::cout << "    generated in memory; needs no files\n";
    } else if (const auto folder = data::locate(entry.name, data_dir)) {
      std::cout << "    found in " << printable(folder->string()) << "\n";
    } else {
      std::vector<std::string> folders;
      for (const auto& path : data::search_path(entry.name, data_dir)) {
        folders.push_back(path.string());
      }
      if (!folders.empty()) std::cout << "    not found in " << join(folders) << "\n";
      std::cout << "    to get it: " << data::how_to_get(entry, data_dir) << "\n";
    }
  }
}

void info(const std::optional<std::filesystem::path>& data_dir) {
  std::cout << "plastic              " PLASTIC_VERSION "\n"
            << "build                " PLASTIC_BUILD_TYPE ", " PLASTIC_COMPILER "\n"
            << "vector instructions  " << vector_instructions() << "\n"
            << "threads              " << num_threads() << "\n"
            << "several processes    "
            << (distributed::is_available() ? "by MPI" : "no: this build has no MPI (PLASTIC_MPI)")
            << "\n";
  print_devices();
  print_data_sets(data_dir);
  // Throws where it cannot be had, now that the rest is said.
  cpu::level();
}

}  // namespace

void add_info(CLI::App& program) {
  const auto data_dir = std::make_shared<std::optional<std::filesystem::path>>();
  CLI::App& command =
      add_command(program, "info", "Print version, build, devices and the data sets found.", "",
                  [data_dir] { info(*data_dir); });
  add_text_option(command, "--data-dir", "DIR", "", "Data", "Look for data sets here only",
                  [data_dir](const std::string& text) { *data_dir = path_of_utf8(text); });
}

}  // namespace plastic::apps

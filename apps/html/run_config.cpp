#include "apps/html/run_config.h"

#include <CLI/CLI.hpp>
#include <sstream>

#include "apps/html/metrics_reader.h"
#include "apps/values.h"
#include "core/check.h"

namespace plastic::apps {

std::vector<std::pair<std::string, std::string>> read_run_options(
    const std::filesystem::path& path) {
  std::istringstream text(read_text(path));
  std::vector<std::pair<std::string, std::string>> entries;
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(text)) {
      // CLI11 marks where a section begins and ends by items of these names.
      if (item.name == "++" || item.name == "--") continue;
      entries.emplace_back(item.name, join(item.inputs, ","));
    }
  } catch (const CLI::Error& error) {
    fail("report", path.string(), ": this is not the TOML that Plastic writes: ", error.what());
  }
  return entries;
}

}  // namespace plastic::apps

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace plastic::apps {

/// One setting of a configuration file.
struct ConfigEntry {
  /// With its table: "epochs", "np.min-alpha".
  std::string key;
  /// As the command line has it: strings without quotes, lists with commas.
  std::string value;
  int line = 0;
};

/// Reads the settings of a TOML document: tables, bare and dotted keys, one-line strings, numbers,
/// true and false, lists of these. Throws UsageError naming `name` and the line for anything else
/// and for a key that is there twice.
std::vector<ConfigEntry> parse_config(const std::string& name, std::string_view text);

/// Reads such a file. Throws UsageError for its content and Error when it cannot be read.
std::vector<ConfigEntry> read_config(const std::filesystem::path& path);

}  // namespace plastic::apps

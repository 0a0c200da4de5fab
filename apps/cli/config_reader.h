#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace plastic::apps {

/// One setting of a configuration file.
struct ConfigEntry {
  /// With its table: "epochs", "np.min-alpha". A part that needs quotes has them.
  std::string key;
  /// As the command line has it: strings without quotes, lists with commas, numbers in their
  /// shortest form.
  std::string value;
  int line = 0;
  enum class Kind { value, list, empty_table };
  Kind kind = Kind::value;
  /// Those of a list, each as the command line has it.
  std::vector<std::string> elements = {};
  /// Whether an element is a list itself.
  bool holds_lists = false;
};

enum class ConfigForm {
  /// The options of a command, in which a list is one value.
  options,
  /// A study, in which a list may hold lists, as values of one option, and a table that holds
  /// nothing says something by its name.
  study,
};

/// Reads the settings of a TOML 1.0 document (toml.io), by toml++: strings, numbers of every form,
/// true and false, and lists of these. Tables of every form give keys with dots. Throws UsageError
/// naming `name` and the line for anything else, such as dates and lists of tables, for a key that
/// is there twice, and for more than find_excess() lets through.
std::vector<ConfigEntry> parse_config(const std::string& name, std::string_view text,
                                      ConfigForm form = ConfigForm::options);

/// Reads such a file. Throws UsageError for its content and Error when it cannot be read.
std::vector<ConfigEntry> read_config(const std::filesystem::path& path);

}  // namespace plastic::apps

#include "apps/cli/config_option.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "apps/cli/config_reader.h"
#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "core/io/utf8_path.h"

namespace plastic::apps {
namespace {

// Not what is asked of this one call of the program, but how a run is made.
bool is_setting(const std::string& name) {
  if (name == "help" || name == "help-np") return false;
  const Option* option = find_option(name);
  // A command may have options of its own.
  return option == nullptr || option->effect != Effect::call;
}

std::vector<std::string> settings_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (is_setting(name)) names.push_back(name);
    }
  }
  return names;
}

}  // namespace

void add_config_option(CLI::App& command) {
  add_own_option(command, "config", "", [&command](const std::string& file) {
    apply_config(command, path_of_utf8(file));
  });
}

void apply_config(CLI::App& command, const std::filesystem::path& path) {
  const std::vector<std::string> known = settings_of(command);
  for (const ConfigEntry& entry : read_config(path)) {
    if (std::ranges::find(known, entry.key) == known.end()) {
      const std::string similar = nearest(entry.key, known);
      // A key may be as long as the file.
      const std::string name = entry.key.size() > 80 ? entry.key.substr(0, 80) + "..." : entry.key;
      throw UsageError(path.string() + ": line " + std::to_string(entry.line) + ": unknown key " +
                       name + (similar.empty() ? "" : "; did you mean " + similar + "?"));
    }
    CLI::Option* option = command.get_option("--" + entry.key);
    if (option->count() == 0) option->add_result(entry.value);
  }
}

std::vector<std::string> given_options(const CLI::App& command,
                                       const std::vector<std::string>& allowed) {
  std::vector<std::string> given;
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    const std::string& name = option->get_lnames().front();
    if (std::ranges::find(allowed, name) == allowed.end()) given.push_back("--" + name);
  }
  return given;
}

}  // namespace plastic::apps

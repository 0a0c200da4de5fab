#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace plastic::apps {

/// Adds --config. It must come before the options that it sets.
void add_config_option(CLI::App& command);

/// Sets the options of `command` that a configuration file names and the command line does not.
/// Must run before their callbacks: from that of an option added before them. Throws UsageError for
/// a key that is no option, naming the file and the line.
void apply_config(CLI::App& command, const std::filesystem::path& path);

/// The options, but `allowed`, that the command line gives.
std::vector<std::string> given_options(const CLI::App& command,
                                       const std::vector<std::string>& allowed);

}  // namespace plastic::apps

#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace plastic::apps {

/// The options in a config.toml, in the file's order, each under its name without the section.
/// Throws Error naming the file where it is no TOML.
std::vector<std::pair<std::string, std::string>> read_run_options(const std::filesystem::path& path);

}  // namespace plastic::apps

#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace plastic::apps {

/// Writes the report on the runs in `folders` (see read_runs) to `file`, whole or not at all, and
/// gives what was left out of it and why. Throws Error where a run cannot be read, and where `file`
/// is there already but no report.
std::vector<std::string> write_report(const std::vector<std::filesystem::path>& folders,
                                      const std::filesystem::path& file);

}  // namespace plastic::apps

#pragma once

#include <filesystem>
#include <vector>

namespace plastic::apps {

/// Writes the report on the runs in `folders` (see read_runs) to `file`, whole or not at all.
/// Throws Error where a run cannot be read, and where `file` is there already but no report.
void write_report(const std::vector<std::filesystem::path>& folders,
                  const std::filesystem::path& file);

}  // namespace plastic::apps

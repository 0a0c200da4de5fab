#pragma once

#include <filesystem>
#include <string_view>

namespace plastic::apps {

/// Replaces the file at `path` by `text`: written beside it, flushed to the disk and renamed, so
/// that a kill at any moment leaves the old file or the new one. Throws Error naming the path and
/// the system's reason.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace plastic::apps

#pragma once

#include <filesystem>
#include <span>
#include <string_view>

namespace plastic {

/// Replaces the file at `path` by the parts, one after the other: written beside it, flushed to the
/// disk and renamed, so that a kill at any moment leaves the old file or the new one. Throws Error
/// of `op` naming the path and the system's reason; the old file is then as it was.
void write_file_atomically(const char* op, const std::filesystem::path& path,
                           std::span<const std::string_view> parts);

/// The same for one text.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace plastic

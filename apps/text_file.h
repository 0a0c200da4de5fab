#pragma once

#include <filesystem>
#include <string>

namespace plastic::apps {

/// The content of a file of at most 64 MiB. Throws Error of `op`, naming the file and the system's
/// reason.
std::string read_text(const char* op, const std::filesystem::path& path);

}  // namespace plastic::apps

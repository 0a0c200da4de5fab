#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace plastic::apps {

/// The largest text file that is read: configurations, metrics, comparisons, reports. All of them
/// are read in a time that grows as their length.
constexpr std::uint64_t max_text_bytes = std::uint64_t{64} << 20;

/// The content of a file of at most max_text_bytes. Throws Error of `op`, naming the file and the
/// system's reason.
std::string read_text(const char* op, const std::filesystem::path& path);

}  // namespace plastic::apps

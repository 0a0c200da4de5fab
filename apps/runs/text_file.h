#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace plastic::apps {

/// The largest text file that is read: configurations, metrics, comparisons, reports. All of them
/// are read in a time that grows as their length.
constexpr std::uint64_t max_text_bytes = std::uint64_t{64} << 20;

/// The content of a file of at most max_text_bytes. Throws Error of `op`, naming the file and the
/// system's reason.
std::string read_text(const char* op, const std::filesystem::path& path);

/// Gives `take` the lines of a file of any length, one after the other and without their ends; one
/// line may have max_text_bytes. `is_whole` is false for a last line that has no end. Throws Error
/// of `op`, naming the file and the system's reason, or the line that is too long.
void read_lines(const char* op, const std::filesystem::path& path,
                const std::function<void(std::string_view line, bool is_whole)>& take);

}  // namespace plastic::apps

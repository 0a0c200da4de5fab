#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plastic {

/// The path that `text` names in UTF-8, as path::string() writes it. A std::string given to
/// std::filesystem::path itself is read in the system's own encoding, which on Windows is another.
inline std::filesystem::path path_of_utf8(std::string_view text) {
  return std::u8string(text.begin(), text.end());
}

inline std::vector<std::filesystem::path> paths_of_utf8(std::span<const std::string> texts) {
  std::vector<std::filesystem::path> paths;
  for (const std::string& text : texts) paths.push_back(path_of_utf8(text));
  return paths;
}

}  // namespace plastic

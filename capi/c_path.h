#pragma once

#include <filesystem>
#include <string>

namespace plastic::capi {

/// A path in UTF-8, whatever the system's own encoding.
inline std::filesystem::path path_of(const char* text) {
  const std::string bytes = text;
  return std::u8string(bytes.begin(), bytes.end());
}

}  // namespace plastic::capi

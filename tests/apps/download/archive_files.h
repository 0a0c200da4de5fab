#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace plastic::test {

/// One entry of an archive.
struct ArchiveEntry {
  std::string path;
  std::string content;
  /// When not empty, a symbolic link there in the place of a file.
  std::string link = {};
};

/// The bytes of a tar archive, compressed by gzip.
std::string tar_gz(const std::vector<ArchiveEntry>& entries);

}  // namespace plastic::test

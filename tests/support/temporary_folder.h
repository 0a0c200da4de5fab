#pragma once

#include <filesystem>
#include <string>

namespace plastic::test {

/// A new folder, removed with all that is in it when this goes.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// As text, for command lines, with "/" between names on every system.
  std::string operator/(const std::string& name) const { return (path_ / name).generic_string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace plastic::test

#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace plastic {

/// A new file for writing, under a name that nobody can foresee and that was not there before:
/// NAME.0123456789abcdef.tmp. Removed when this goes, unless it got its name.
class ExclusiveFile {
 public:
  /// Makes it in `folder` with permissions `mode`, less what the umask takes; `name` begins its
  /// own. Where that fails, error() is not 0.
  ExclusiveFile(const std::filesystem::path& folder, const std::string& name, mode_t mode);
  ~ExclusiveFile();
  ExclusiveFile(const ExclusiveFile&) = delete;
  ExclusiveFile& operator=(const ExclusiveFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// The system's number of what went wrong in the last call; 0 for nothing.
  int error() const { return error_; }

  // Whether it went well.
  bool write(std::string_view bytes);
  bool flush();
  bool rename_to(const std::filesystem::path& path);
  /// Owner, group and permissions like those of `other`, as far as the system allows: never wider.
  void resemble(const struct stat& other);

 private:
  bool note(bool went_well);

  std::filesystem::path path_;
  int descriptor_ = -1;
  int error_ = 0;
  bool has_its_name_ = false;
};

/// Whether a file of this name is an ExclusiveFile's of `name`.
bool is_exclusive_name(std::string_view file, std::string_view name);

}  // namespace plastic

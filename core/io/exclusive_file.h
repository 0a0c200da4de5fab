#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/io/system_file.h"

namespace plastic {

/// A new file for writing, under a name that nobody can foresee and that was not there before:
/// NAME.0123456789abcdef.tmp. Removed when this goes, unless it got its name.
class ExclusiveFile {
 public:
  /// Makes it in `folder` with permissions `mode`, less what the umask takes; `name` begins its
  /// own. Where that fails, error() is not 0.
  ExclusiveFile(const std::filesystem::path& folder, const std::string& name, unsigned mode);
  ~ExclusiveFile();
  ExclusiveFile(const ExclusiveFile&) = delete;
  ExclusiveFile& operator=(const ExclusiveFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// The system's number of what went wrong in the last call; 0 for nothing.
  int error() const { return error_; }

  // Whether it went well.
  bool write(std::string_view bytes) { return note(file_.write(bytes)); }
  bool flush() { return note(file_.flush()); }
  /// It can no longer be written to then.
  bool rename_to(const std::filesystem::path& path);
  /// Owner, group and permissions like those of `other`, as far as the system allows: never wider.
  void resemble(const FileStatus& other) { file_.resemble(other); }

 private:
  bool note(bool went_well);

  std::filesystem::path path_;
  SystemFile file_;
  int error_ = 0;
  bool has_its_name_ = true;
};

/// Whether a file of this name is an ExclusiveFile's of `name`.
bool is_exclusive_name(std::string_view file, std::string_view name);

}  // namespace plastic

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/io/system_file.h"

namespace plastic {

/// A text file that grows line by line. What was appended is with the system when append() returns,
/// so that others may follow the file, and on the disk after flush().
class AppendFile {
 public:
  /// Opens the file, or makes it, and cuts it to its first `size` bytes. Follows no link at `path`.
  /// Throws Error of `op` naming the path, as all functions do where the system refuses.
  AppendFile(const char* op, std::filesystem::path path, std::uint64_t size);

  void append(std::string_view text);
  void flush();

 private:
  [[noreturn]] void refuse() const;

  const char* op_;
  std::filesystem::path path_;
  SystemFile file_;
};

}  // namespace plastic

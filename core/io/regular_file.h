#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "core/io/system_file.h"

namespace plastic {

/// A regular file open for reading. Opening waits for nothing: a pipe without a writer, which a
/// folder from elsewhere may hold, does not stop the program.
class RegularFile {
 public:
  explicit RegularFile(const std::filesystem::path& path);

  /// Why it is not open, or what became of the last read(): "Permission denied", "it is not a
  /// file"; empty where all went well.
  const std::string& problem() const { return problem_; }
  /// Bytes when it was opened.
  std::uint64_t size() const { return size_; }

  /// The bytes from `offset` on, fewer than asked at the file's end and where there is a problem.
  std::size_t read(std::uint64_t offset, std::span<char> to);

 private:
  SystemFile file_;
  std::uint64_t size_ = 0;
  std::string problem_;
};

}  // namespace plastic

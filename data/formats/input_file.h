#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "core/io/regular_file.h"

namespace plastic::data {

/// A regular file open for reading. Failures throw Error with the prefix [op], naming the path.
class InputFile {
 public:
  InputFile(const char* op, const std::filesystem::path& path);

  /// Fewer bytes than asked only at the end.
  std::size_t read(std::span<std::uint8_t> out);
  void rewind() { position_ = 0; }
  /// Bytes when it was opened.
  std::uint64_t size() const { return file_.size(); }
  const char* op() const { return op_; }
  const std::string& path() const { return path_; }

 private:
  const char* op_;
  std::string path_;
  RegularFile file_;
  std::uint64_t position_ = 0;
};

}  // namespace plastic::data

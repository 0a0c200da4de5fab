#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace plastic::data {

/// A regular file open for reading. Failures throw Error with the prefix [op], naming the path.
class InputFile {
 public:
  InputFile(const char* op, const std::filesystem::path& path);

  /// Fewer bytes than asked only at the end.
  std::size_t read(std::span<std::uint8_t> out);
  void rewind();
  /// Bytes when it was opened.
  std::uint64_t size() const { return size_; }
  const char* op() const { return op_; }
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  const char* op_;
  std::string path_;
  std::uint64_t size_ = 0;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace plastic::data

#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace plastic::apps {

/// The beginning of a file that is on its way: PATH.part, which takes the name PATH when it is
/// whole. What is there when this goes stays for another time.
class PartFile {
 public:
  /// Opens PATH.part, or makes it. Throws Error when it cannot, when another process has it open,
  /// when the file system cannot lock, and for what another could have put there: anything but a
  /// regular file of this user's own with this one name.
  explicit PartFile(const std::filesystem::path& path);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  /// PATH.part.
  const std::filesystem::path& path() const { return part_; }
  /// Bytes that are there.
  std::uint64_t size() const { return size_; }

  /// Appends. Throws Error naming PATH.part and the system's reason.
  void write(std::span<const std::uint8_t> bytes);
  /// Back to nothing.
  void clear();
  /// Flushes it to the disk and gives it its name, replacing what has it. Throws Error.
  void finish();

 private:
  /// Why the open file cannot be used; empty, and locked, when it can.
  std::string refusal();
  [[noreturn]] void fail_writing() const;

  std::filesystem::path target_;
  std::filesystem::path part_;
  int descriptor_;
  std::uint64_t size_ = 0;
  bool finished_ = false;
};

}  // namespace plastic::apps

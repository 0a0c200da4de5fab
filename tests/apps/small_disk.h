#pragma once

#include <filesystem>

#include "tests/apps/program.h"

namespace plastic::test {

/// A small disk of its own, where the system lets us have one; otherwise says that the test is
/// skipped.
class SmallDisk {
 public:
  /// `size` as tmpfs has it: "180k".
  explicit SmallDisk(const char* size);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool is_mounted() const { return is_mounted_; }
  const std::filesystem::path& path() const { return folder_.path(); }
  void remount(unsigned long flags, const char* options) const;

 private:
  TemporaryFolder folder_;
  bool is_mounted_ = false;
};

}  // namespace plastic::test

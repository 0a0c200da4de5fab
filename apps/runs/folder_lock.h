#pragma once

#include <cstdint>
#include <filesystem>

namespace plastic::apps {

/// While this lives, no other process has a FolderLock of the folder: a run is written by one
/// program. It ends with the process, killed or not, and leaves nothing in the folder. Where the
/// file system cannot lock folders, that is said on standard error, and there is no lock.
class FolderLock {
 public:
  /// Throws Error of `op` where another process has it for a second, naming that process where the
  /// system tells, and where the folder cannot be opened.
  FolderLock(const char* op, const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  /// The system's name for what is held; negative where nothing is.
  std::intptr_t handle_;
};

/// Whether some process has a FolderLock of the folder; true where that cannot be told.
bool is_locked(const std::filesystem::path& folder);

}  // namespace plastic::apps

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <iostream>
#include <locale>
#include <string>
#include <thread>
#include <utility>

#include "apps/runs/folder_lock.h"
#include "core/check.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

// "process 1234", from Linux's list of locks, or "another program". A line there reads
// "7: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF", the inode last of the three.
std::string holder_of(int folder) {
  struct stat status {};
  std::ifstream locks("/proc/locks");
  locks.imbue(std::locale::classic());
  if (fstat(folder, &status) != 0) locks.close();
  const std::string inode = ":" + std::to_string(status.st_ino);
  std::string number;
  std::string kind;
  std::string advisory;
  std::string access;
  std::string process;
  std::string place;
  while (locks >> number >> kind >> advisory >> access >> process >> place) {
    std::string rest;
    std::getline(locks, rest);
    // 0 is a process that this one cannot see, in another container.
    if (kind == "FLOCK" && place.ends_with(inode) && process != "0") return "process " + process;
  }
  return "another program";
}

/// 0, or why it cannot be locked. The workers of a program that was killed have its lock until they
/// end, right after it; and somebody may just be looking (is_locked()).
int lock(int folder) {
  constexpr int attempts = 50;
  for (int attempt = 1;; ++attempt) {
    if (flock(folder, LOCK_EX | LOCK_NB) == 0) return 0;
    const int reason = errno;
    if (reason != EWOULDBLOCK || attempt == attempts) return reason;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

FolderLock::FolderLock(const char* op, const std::filesystem::path& folder)
    : handle_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  const auto descriptor = static_cast<int>(handle_);
  if (descriptor < 0) {
    fail(op, folder.string(), ": cannot open this folder: ", system_text(errno));
  }
  const int reason = lock(descriptor);
  if (reason == 0) return;
  if (reason == EWOULDBLOCK) {
    const std::string holder = holder_of(descriptor);
    close(descriptor);
    fail(op, folder.string(), ": ", holder, " is writing here; wait until it ends, or stop it");
  }
  std::cerr << "plastic: [" << op << "] " << folder.string()
            << ": this file system cannot lock folders (" << system_text(reason)
            << "); do not let another program write here meanwhile" << std::endl;
}

FolderLock::~FolderLock() {
  if (handle_ >= 0) close(static_cast<int>(handle_));
}

FolderLock::FolderLock(FolderLock&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}

bool is_locked(const std::filesystem::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return true;
  const bool is_free = flock(descriptor, LOCK_SH | LOCK_NB) == 0;
  close(descriptor);
  return !is_free;
}

}  // namespace plastic::apps

#include "apps/download/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "core/check.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

std::filesystem::path with_suffix(std::filesystem::path path, const char* suffix) {
  path += suffix;
  return path;
}

}  // namespace

PartFile::PartFile(const std::filesystem::path& path)
    : target_(path),
      part_(with_suffix(path, ".part")),
      descriptor_(open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)) {
  if (descriptor_ < 0) fail("data", part_.string(), ": cannot write: ", system_text(errno));
  const std::string why = refusal();
  if (!why.empty()) {
    close(descriptor_);
    fail("data", part_.string(), ": ", why);
  }
}

std::string PartFile::refusal() {
  struct stat ours {};
  struct stat named {};
  if (fstat(descriptor_, &ours) != 0) return "cannot read: " + system_text(errno);
  if (!S_ISREG(ours.st_mode)) return "is not a regular file; remove it";
  if (ours.st_uid != geteuid()) return "belongs to another user; remove it";
  if (ours.st_nlink > 1) return "is a hard link to another file; remove it";
  const bool is_locked = flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
  if (!is_locked && errno != EWOULDBLOCK) {
    return "this file system cannot lock files (" + system_text(errno) +
           "); choose another --data-dir";
  }
  // The name may have passed to another file between opening and locking.
  if (!is_locked || lstat(part_.c_str(), &named) != 0 || ours.st_ino != named.st_ino ||
      ours.st_dev != named.st_dev) {
    return "another program is fetching this file; wait for it";
  }
  size_ = static_cast<std::uint64_t>(ours.st_size);
  return "";
}

PartFile::~PartFile() {
  if (!finished_ && size_ == 0) unlink(part_.c_str());
  close(descriptor_);
}

void PartFile::fail_writing() const {
  fail("data", part_.string(), ": cannot write: ", system_text(errno));
}

void PartFile::write(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_writing();
    size_ += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void PartFile::clear() {
  if (ftruncate(descriptor_, 0) != 0) fail_writing();
  size_ = 0;
}

void PartFile::finish() {
  // Some file systems cannot flush one file; they say EINVAL.
  if (fsync(descriptor_) != 0 && errno != EINVAL) fail_writing();
  if (std::rename(part_.c_str(), target_.c_str()) != 0) {
    fail("data", target_.string(), ": cannot write: ", system_text(errno));
  }
  finished_ = true;
  const std::filesystem::path folder = target_.has_parent_path() ? target_.parent_path() : ".";
  const int directory = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  fsync(directory);
  close(directory);
}

}  // namespace plastic::apps

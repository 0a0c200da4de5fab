#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#if __has_include(<sys/random.h>)
#include <sys/random.h>
#endif

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "core/io/system_file.h"

namespace plastic {
namespace {

FileKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::file;
  if (S_ISDIR(mode)) return FileKind::folder;
  if (S_ISLNK(mode)) return FileKind::link;
  if (S_ISFIFO(mode)) return FileKind::pipe;
  if (S_ISSOCK(mode)) return FileKind::socket;
  return FileKind::device;
}

FileStatus converted(const struct stat& status) {
  return {.kind = kind_of(status.st_mode),
          .size = static_cast<std::uint64_t>(status.st_size),
          .mode = static_cast<unsigned>(status.st_mode) & 0777U,
          .owner = status.st_uid,
          .group = status.st_gid};
}

int flags_of(SystemFile::Open how) {
  switch (how) {
    case SystemFile::Open::read:
      return O_RDONLY | O_NONBLOCK | O_NOCTTY;
    case SystemFile::Open::append:
      return O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW;
    case SystemFile::Open::create:
      break;
  }
  return O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
}

}  // namespace

FileStatus status_behind(const std::filesystem::path& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? converted(status) : FileStatus{};
}

FileStatus status_of_name(const std::filesystem::path& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 ? converted(status) : FileStatus{};
}

SystemFile::SystemFile(const std::filesystem::path& path, Open how, unsigned mode)
    : descriptor_(open(path.c_str(), flags_of(how) | O_CLOEXEC, static_cast<mode_t>(mode))) {}

SystemFile::~SystemFile() { close(); }

SystemFile::SystemFile(SystemFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

SystemFile& SystemFile::operator=(SystemFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

void SystemFile::close() {
  if (descriptor_ < 0) return;
  const int before = errno;
  ::close(std::exchange(descriptor_, -1));
  errno = before;
}

FileStatus SystemFile::status() const {
  struct stat status {};
  return fstat(descriptor_, &status) == 0 ? converted(status) : FileStatus{};
}

std::ptrdiff_t SystemFile::read(std::uint64_t offset, std::span<char> to) const {
  while (true) {
    const ssize_t count = pread(descriptor_, to.data(), to.size(), static_cast<off_t>(offset));
    if (count >= 0 || errno != EINTR) return count;
  }
}

bool SystemFile::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool SystemFile::cut(std::uint64_t size) const {
  return ftruncate(descriptor_, static_cast<off_t>(size)) == 0;
}

bool SystemFile::flush() const {
  // Some file systems cannot flush one file; they say EINVAL.
  return fsync(descriptor_) == 0 || errno == EINVAL;
}

bool SystemFile::flush_content() const {
#if defined(_POSIX_SYNCHRONIZED_IO) && _POSIX_SYNCHRONIZED_IO > 0
  return fdatasync(descriptor_) == 0 || errno == EINVAL;
#else
  return flush();
#endif
}

void SystemFile::resemble(const FileStatus& other) const {
  struct stat ours {};
  if (fstat(descriptor_, &ours) != 0) return;
  auto mode = static_cast<mode_t>(other.mode);
  if (ours.st_uid != other.owner || ours.st_gid != other.group) {
    // Only root gives files away, but a member of a group may give it a file.
    const bool has_group = fchown(descriptor_, other.owner, other.group) == 0 ||
                           ours.st_gid == other.group ||
                           fchown(descriptor_, static_cast<uid_t>(-1), other.group) == 0;
    // Another group gets no more than everybody.
    if (!has_group) mode &= static_cast<mode_t>(~070U | ((mode & 07U) << 3U));
  }
  // Where a file system has no permissions, there are none to keep.
  fchmod(descriptor_, mode);
}

bool rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  return std::rename(from.c_str(), to.c_str()) == 0;
}

bool remove_file(const std::filesystem::path& path) { return unlink(path.c_str()) == 0; }

void flush_folder(const std::filesystem::path& folder) {
  // Where a folder cannot be opened or flushed, the names in it are as safe as they can be.
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

std::optional<std::filesystem::path> path_in_environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return {};
  return value;
}

std::optional<std::filesystem::path> user_cache_folder() {
  std::optional<std::filesystem::path> home = path_in_environment("HOME");
  if (home) *home /= ".cache";
  return home;
}

bool is_own(const FileStatus& status) { return status.owner == geteuid(); }

void restrict_new_files(unsigned mode) {
  const mode_t before = umask(077);
  umask(before | static_cast<mode_t>(~mode & 077U));
}

std::uint64_t drawn_bits() {
  std::uint64_t bits = 0;
  if (getentropy(&bits, sizeof(bits)) == 0) return bits;
  static std::atomic<std::uint64_t> counter{0};
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  const auto process = static_cast<std::uint64_t>(getpid());
  return (static_cast<std::uint64_t>(now) ^ (process << 32U)) +
         counter.fetch_add(1) * 0x9E3779B97F4A7C15U;
}

}  // namespace plastic

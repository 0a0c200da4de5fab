#include "core/io/exclusive_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>

namespace plastic {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::string_view ending = ".tmp";
constexpr std::size_t drawn_digits = 16;
constexpr int max_attempts = 100;
// For names that leave no room for more.
constexpr const char* short_name = "plastic";

std::string drawn_text() {
  std::uint64_t number = 0;
  if (getentropy(&number, sizeof(number)) != 0) {
    // Another name each time is as much as can be had; O_EXCL keeps it safe.
    static std::atomic<std::uint64_t> counter{0};
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    number = (static_cast<std::uint64_t>(now) ^ (static_cast<std::uint64_t>(getpid()) << 32)) +
             counter.fetch_add(1) * 0x9E3779B97F4A7C15U;
  }
  std::string text;
  for (std::size_t i = 0; i < drawn_digits; ++i) text += digits[(number >> (4 * i)) & 15U];
  return text;
}

}  // namespace

ExclusiveFile::ExclusiveFile(const std::filesystem::path& folder, const std::string& name,
                             mode_t mode) {
  std::string beginning = name;
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    path_ = folder / (beginning + "." + drawn_text() + std::string(ending));
    descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (note(descriptor_ >= 0)) return;
    if (error_ == ENAMETOOLONG && beginning != short_name) {
      beginning = short_name;
    } else if (error_ != EEXIST && error_ != EINTR) {
      return;
    }
  }
}

ExclusiveFile::~ExclusiveFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  if (!has_its_name_) unlink(path_.c_str());
}

bool ExclusiveFile::note(bool went_well) {
  error_ = went_well ? 0 : errno;
  return went_well;
}

bool ExclusiveFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (!note(written >= 0)) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool ExclusiveFile::flush() {
  // Some file systems cannot flush one file; they say EINVAL.
  return note(fsync(descriptor_) == 0 || errno == EINVAL);
}

bool ExclusiveFile::rename_to(const std::filesystem::path& path) {
  has_its_name_ = note(std::rename(path_.c_str(), path.c_str()) == 0);
  return has_its_name_;
}

void ExclusiveFile::resemble(const struct stat& other) {
  struct stat ours {};
  if (fstat(descriptor_, &ours) != 0) return;
  mode_t mode = other.st_mode & 0777;
  if (ours.st_uid != other.st_uid || ours.st_gid != other.st_gid) {
    // Only root gives files away, but a member of a group may give it a file.
    const bool has_group = fchown(descriptor_, other.st_uid, other.st_gid) == 0 ||
                           ours.st_gid == other.st_gid ||
                           fchown(descriptor_, static_cast<uid_t>(-1), other.st_gid) == 0;
    // Another group gets no more than everybody.
    if (!has_group) mode &= static_cast<mode_t>(~070U) | ((mode & 07U) << 3U);
  }
  // Where a file system has no permissions, there are none to keep.
  fchmod(descriptor_, mode);
}

bool is_exclusive_name(std::string_view file, std::string_view name) {
  if (file.size() != name.size() + 1 + drawn_digits + ending.size()) return false;
  if (!file.starts_with(name) || file[name.size()] != '.' || !file.ends_with(ending)) return false;
  const std::string_view drawn = file.substr(name.size() + 1, drawn_digits);
  return drawn.find_first_not_of(digits) == std::string_view::npos;
}

}  // namespace plastic

#include "core/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "core/check.h"
#include "core/text.h"

namespace plastic {
namespace {

// Closes on every way out.
class OpenFile {
 public:
  OpenFile(const std::filesystem::path& path, int flags)
      : descriptor_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool is_open() const { return descriptor_ >= 0; }

  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  // Some file systems cannot flush one file; they say EINVAL.
  bool flush() const { return fsync(descriptor_) == 0 || errno == EINVAL; }

 private:
  int descriptor_;
};

}  // namespace

void write_file_atomically(const char* op, const std::filesystem::path& path,
                           std::span<const std::string_view> parts) {
  std::filesystem::path beside = path;
  beside += ".tmp";
  const auto give_up = [&](const std::filesystem::path& concerned) {
    const std::string reason = system_text(errno);
    unlink(beside.c_str());
    fail(op, concerned.string(), ": cannot write: ", reason);
  };
  {
    const OpenFile file(beside, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open()) fail(op, beside.string(), ": cannot write: ", system_text(errno));
    const auto write = [&](std::string_view part) { return file.write(part); };
    if (!std::ranges::all_of(parts, write) || !file.flush()) give_up(beside);
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) give_up(path);
  // The new name is on the disk once its folder is. Where a folder cannot be opened or flushed, the
  // rename above is as much as can be had.
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const OpenFile directory(folder, O_RDONLY | O_DIRECTORY);
  if (directory.is_open()) directory.flush();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically("write", path, std::span(&text, 1));
}

}  // namespace plastic

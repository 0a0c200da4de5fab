#include "apps/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "core/check.h"

namespace plastic::apps {
namespace {

std::string system_reason() { return std::generic_category().message(errno); }

// Closes on every way out.
class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path)
      : descriptor_(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool is_open() const { return descriptor_ >= 0; }

  bool write_and_flush(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    // Some file systems cannot flush one file; they say EINVAL.
    return fsync(descriptor_) == 0 || errno == EINVAL;
  }

 private:
  int descriptor_;
};

}  // namespace

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::path beside = path;
  beside += ".tmp";
  {
    const OpenFile file(beside);
    if (!file.is_open()) fail("write", beside.string(), ": ", system_reason());
    if (!file.write_and_flush(text)) {
      const std::string reason = system_reason();
      unlink(beside.c_str());
      fail("write", beside.string(), ": ", reason);
    }
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) {
    const std::string reason = system_reason();
    unlink(beside.c_str());
    fail("write", path.string(), ": ", reason);
  }
}

}  // namespace plastic::apps

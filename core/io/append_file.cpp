#include "core/io/append_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/check.h"
#include "core/io/atomic_file.h"
#include "core/text.h"

namespace plastic {

AppendFile::AppendFile(const char* op, std::filesystem::path path, std::uint64_t size)
    : op_(op), path_(std::move(path)) {
  descriptor_ = open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor_ < 0) refuse();
  if (ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
    const int error = errno;
    close(descriptor_);
    errno = error;
    refuse();
  }
  flush_folder(path_.has_parent_path() ? path_.parent_path() : std::filesystem::path("."));
}

AppendFile::~AppendFile() { close(descriptor_); }

void AppendFile::append(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) refuse();
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AppendFile::flush() {
  if (fdatasync(descriptor_) != 0) refuse();
}

void AppendFile::refuse() const {
  fail(op_, path_.string(), ": cannot write: ", system_text(errno));
}

}  // namespace plastic

#include "core/io/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/text.h"

namespace plastic {
namespace {

constexpr const char* not_a_file = "it is not a file";

}  // namespace

RegularFile::RegularFile(const std::filesystem::path& path)
    : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
  struct stat status {};
  if (descriptor_ < 0) {
    // A socket cannot be opened.
    problem_ = errno == ENXIO ? not_a_file : system_text(errno);
  } else if (fstat(descriptor_, &status) != 0) {
    problem_ = system_text(errno);
  } else if (!S_ISREG(status.st_mode)) {
    problem_ = not_a_file;
  } else {
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
}

RegularFile::~RegularFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::size_t RegularFile::read(std::uint64_t offset, std::span<char> to) {
  std::size_t total = 0;
  while (total < to.size()) {
    const ssize_t count = pread(descriptor_, to.data() + total, to.size() - total,
                                static_cast<off_t>(offset + total));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) problem_ = system_text(errno);
    if (count <= 0) break;
    total += static_cast<std::size_t>(count);
  }
  return total;
}

}  // namespace plastic

#include "core/io/regular_file.h"

#include <cerrno>

#include "core/text.h"

namespace plastic {

RegularFile::RegularFile(const std::filesystem::path& path) : file_(path, SystemFile::Open::read) {
  constexpr const char* not_a_file = "it is not a file";
  if (!file_.is_open()) {
    const int error = errno;
    // A socket cannot be opened, nor a folder on Windows.
    const FileKind kind = status_behind(path).kind;
    const bool is_other = kind != FileKind::none && kind != FileKind::file;
    problem_ = is_other && kind != FileKind::pipe ? not_a_file : system_text(error);
    return;
  }
  const FileStatus status = file_.status();
  if (status.kind == FileKind::none) {
    problem_ = system_text(errno);
  } else if (status.kind != FileKind::file) {
    problem_ = not_a_file;
  } else {
    size_ = status.size;
  }
}

std::size_t RegularFile::read(std::uint64_t offset, std::span<char> to) {
  std::size_t total = 0;
  while (total < to.size()) {
    const std::ptrdiff_t count = file_.read(offset + total, to.subspan(total));
    if (count < 0) problem_ = system_text(errno);
    if (count <= 0) break;
    total += static_cast<std::size_t>(count);
  }
  return total;
}

}  // namespace plastic

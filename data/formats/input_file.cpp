#include "data/formats/input_file.h"

#include <cerrno>
#include <system_error>

#include "core/check.h"
#include "core/text.h"

namespace plastic::data {

InputFile::InputFile(const char* op, const std::filesystem::path& path)
    : op_(op), path_(path.string()) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    fail(op, path_, ": cannot be opened: ", system_text(error ? error.value() : ENOENT));
  }
  if (std::filesystem::is_directory(status)) {
    fail(op, path_, ": is a folder, not a file; name a file in it");
  }
  // Opening a pipe would wait for a writer, and a device may never end.
  if (!std::filesystem::is_regular_file(status)) {
    fail(op, path_, ": is not a regular file; copy its contents to one");
  }
  size_ = std::filesystem::file_size(path, error);
  if (error) fail(op, path_, ": cannot be opened: ", system_text(error.value()));
  file_.reset(std::fopen(path_.c_str(), "rb"));
  if (!file_) fail(op, path_, ": cannot be opened: ", system_text(errno));
}

std::size_t InputFile::read(std::span<std::uint8_t> out) {
  const std::size_t count = std::fread(out.data(), 1, out.size(), file_.get());
  if (std::ferror(file_.get()) != 0) fail(op_, path_, ": cannot be read: ", system_text(errno));
  return count;
}

void InputFile::rewind() { std::rewind(file_.get()); }

}  // namespace plastic::data

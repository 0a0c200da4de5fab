#include "data/formats/input_file.h"

#include <cerrno>
#include <system_error>

#include "core/check.h"
#include "core/text.h"

namespace plastic::data {

InputFile::InputFile(const char* op, const std::filesystem::path& path)
    : op_(op), path_(path.string()), file_(path) {
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
  if (!file_.problem().empty()) fail(op, path_, ": cannot be opened: ", file_.problem());
}

std::size_t InputFile::read(std::span<std::uint8_t> out) {
  const std::size_t count =
      file_.read(position_, {reinterpret_cast<char*>(out.data()), out.size()});
  if (!file_.problem().empty()) fail(op_, path_, ": cannot be read: ", file_.problem());
  position_ += count;
  return count;
}

}  // namespace plastic::data

#include "core/io/append_file.h"

#include <cerrno>
#include <utility>

#include "core/check.h"
#include "core/text.h"

namespace plastic {

AppendFile::AppendFile(const char* op, std::filesystem::path path, std::uint64_t size)
    : op_(op), path_(std::move(path)), file_(path_, SystemFile::Open::append) {
  if (!file_.is_open() || !file_.cut(size)) refuse();
  flush_folder(path_.has_parent_path() ? path_.parent_path() : std::filesystem::path("."));
}

void AppendFile::append(std::string_view text) {
  if (!file_.write(text)) refuse();
}

void AppendFile::flush() {
  if (!file_.flush_content()) refuse();
}

void AppendFile::refuse() const {
  fail(op_, path_.string(), ": cannot write: ", system_text(errno));
}

}  // namespace plastic

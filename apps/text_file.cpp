#include "apps/text_file.h"

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <system_error>

#include "core/check.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

constexpr std::uintmax_t largest_file = std::uintmax_t{64} << 20;

}  // namespace

std::string read_text(const char* op, const std::filesystem::path& path) {
  std::error_code error;
  // An error, too, for what is no file: a pipe would be waited for.
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) fail(op, path.string(), ": cannot read it: ", system_text(error.value()));
  if (size > largest_file) {
    fail(op, path.string(), ": expected at most ", largest_file, " bytes, found ", size);
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // An empty file has nothing to insert, which counts as a failure.
  if (!file.is_open() || (size > 0 && !(text << file.rdbuf()))) {
    fail(op, path.string(), ": cannot read it: ", system_text(errno));
  }
  return std::move(text).str();
}

}  // namespace plastic::apps

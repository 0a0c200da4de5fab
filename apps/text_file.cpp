#include "apps/text_file.h"

#include <cstdint>

#include "core/check.h"
#include "core/regular_file.h"

namespace plastic::apps {
namespace {

constexpr std::uint64_t largest_file = std::uint64_t{64} << 20;

}  // namespace

std::string read_text(const char* op, const std::filesystem::path& path) {
  RegularFile file(path);
  if (file.size() > largest_file) {
    fail(op, path.string(), ": expected at most ", largest_file, " bytes, found ", file.size());
  }
  std::string text(file.size(), '\0');
  if (file.problem().empty()) text.resize(file.read(0, text));
  if (!file.problem().empty()) fail(op, path.string(), ": cannot read it: ", file.problem());
  return text;
}

}  // namespace plastic::apps

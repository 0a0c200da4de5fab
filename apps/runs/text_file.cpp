#include "apps/runs/text_file.h"

#include "core/check.h"
#include "core/io/regular_file.h"

namespace plastic::apps {

std::string read_text(const char* op, const std::filesystem::path& path) {
  RegularFile file(path);
  if (file.size() > max_text_bytes) {
    fail(op, path.string(), ": expected at most ", max_text_bytes, " bytes, found ", file.size());
  }
  std::string text(file.size(), '\0');
  if (file.problem().empty()) text.resize(file.read(0, text));
  if (!file.problem().empty()) fail(op, path.string(), ": cannot read it: ", file.problem());
  return text;
}

}  // namespace plastic::apps

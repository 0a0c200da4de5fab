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

void read_lines(const char* op, const std::filesystem::path& path,
                const std::function<void(std::string_view line, bool is_whole)>& take) {
  constexpr std::size_t chunk_bytes = std::size_t{1} << 20;
  RegularFile file(path);
  std::string chunk(chunk_bytes, '\0');
  std::string begun;
  std::size_t number = 1;
  const auto add = [&](std::string_view part) {
    if (begun.size() + part.size() > max_text_bytes) {
      fail(op, path.string(), ": line ", number, ": expected at most ", max_text_bytes, " bytes");
    }
    begun += part;
  };
  for (std::uint64_t offset = 0; file.problem().empty();) {
    const std::size_t count = file.read(offset, chunk);
    if (count == 0) break;
    offset += count;
    std::string_view rest(chunk.data(), count);
    for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos; ++number) {
      add(rest.substr(0, end));
      take(begun, true);
      begun.clear();
      rest.remove_prefix(end + 1);
    }
    add(rest);
  }
  if (!file.problem().empty()) fail(op, path.string(), ": cannot read it: ", file.problem());
  if (!begun.empty()) take(begun, false);
}

}  // namespace plastic::apps

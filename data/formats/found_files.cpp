#include "data/formats/found_files.h"

#include <system_error>

namespace plastic::data {

void find_file(const std::filesystem::path& folder, std::initializer_list<std::string> spellings,
               FoundFiles& found) {
  for (const std::string& spelling : spellings) {
    for (const char* suffix : {"", ".gz", ".xz"}) {
      std::filesystem::path path = folder / (spelling + suffix);
      std::error_code unreadable;
      if (std::filesystem::exists(path, unreadable)) {
        found.paths.push_back(std::move(path));
        return;
      }
    }
  }
  found.paths.emplace_back();
  found.missing.push_back(*spellings.begin());
}

}  // namespace plastic::data

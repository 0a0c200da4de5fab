#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "apps/cli/config_reader.h"
#include "apps/cli/values.h"
#include "tests/fuzz/memory_file.h"

// parse_config either gives settings that the text holds or throws UsageError.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  try {
    for (const plastic::apps::ConfigEntry& entry : plastic::apps::parse_config("fuzz", text)) {
      const bool sound = !entry.key.empty() && entry.line >= 1 && entry.line <= lines;
      if (!sound) std::abort();
    }
  } catch (const plastic::apps::UsageError&) {
  }
  return 0;
}

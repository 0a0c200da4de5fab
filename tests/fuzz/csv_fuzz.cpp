#include <algorithm>

#include "plastic/core/error.h"
#include "plastic/data/csv.h"
#include "tests/fuzz/memory_file.h"

// read_csv either gives a table of the shape it promises or throws plastic::Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  plastic::fuzz::MemoryFile file;
  file.append({data, size});
  for (const bool header : {true, false}) {
    try {
      const plastic::data::LabelledTable table =
          plastic::data::read_csv(file.path(), {.header = header, .label_column = header ? -1 : 0});
      const std::vector<std::int64_t> labels = table.labels.to_vector<std::int64_t>();
      const bool sound = table.features.rank() == 2 &&
                         table.features.size(0) == table.labels.size(0) &&
                         std::ssize(table.feature_names) == (header ? table.features.size(1) : 0) &&
                         std::ranges::all_of(labels, [](std::int64_t label) { return label >= 0; });
      if (!sound) std::abort();
    } catch (const plastic::Error&) {
    }
  }
  return 0;
}

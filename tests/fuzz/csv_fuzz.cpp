#include <algorithm>

#include "plastic/core/error.h"
#include "plastic/data/csv.h"
#include "tests/fuzz/memory_file.h"

using plastic::data::CsvTarget;

// read_csv and read_csv_dataset either give a table of the shape they promise or throw
// plastic::Error.
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
    for (const CsvTarget kind : {CsvTarget::class_names, CsvTarget::numbers}) {
      try {
        const plastic::data::TensorDataset table =
            plastic::data::read_csv_dataset(file.path(), {.header = header, .kind = kind});
        const std::int64_t classes = std::ssize(table.class_names);
        bool sound = table.features.rank() == 2 && table.size() == table.targets.size(0);
        if (kind == CsvTarget::class_names) {
          const std::vector<std::int64_t> targets = table.targets.to_vector<std::int64_t>();
          sound = sound && std::ranges::all_of(targets, [&](std::int64_t target) {
                    return target >= 0 && target < classes;
                  });
        }
        if (!sound) std::abort();
      } catch (const plastic::Error&) {
      }
    }
  }
  return 0;
}

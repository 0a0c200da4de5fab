#include <cstdlib>

#include "apps/report/metrics_reader.h"
#include "plastic/core/error.h"
#include "tests/fuzz/memory_file.h"

// read_metrics either gives epochs that ascend or throws plastic::Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  plastic::fuzz::MemoryFile file;
  file.append({data, size});
  try {
    int before = 0;
    for (const plastic::apps::EpochRecord& record : plastic::apps::read_metrics(file.path())) {
      if (record.epoch <= before) std::abort();
      before = record.epoch;
    }
  } catch (const plastic::Error&) {
  }
  return 0;
}

#include <cmath>
#include <cstdlib>

#include "apps/microscope/probe_columns.h"
#include "apps/microscope/probe_reader.h"
#include "apps/microscope/probe_words.h"
#include "plastic/core/error.h"
#include "tests/fuzz/memory_file.h"

// A ProbeReader either gives steps that ascend, with a number for each tensor, or throws
// plastic::Error; what it gives can be reduced and put in words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  plastic::fuzz::MemoryFile file;
  file.append({data, size});
  try {
    plastic::apps::ProbeReader reader("probe", file.path());
    const plastic::apps::ProbeHeader& header = reader.header();
    plastic::apps::ColumnReducer reducer(
        header, plastic::apps::count_probed_steps("probe", file.path()), 3);
    plastic::apps::ProbeWords words(header);
    plastic::apps::ProbeRecord record;
    std::int64_t before = -1;
    while (reader.next(record)) {
      if (record.step <= before) std::abort();
      before = record.step;
      if (record.cosine.size() != header.tensors.size()) std::abort();
      reducer.add(record);
      words.add(record);
    }
    const plastic::apps::ProbeColumns columns = reducer.take();
    if (columns.count() > 3 || words.sentences().empty() != (columns.count() == 0)) std::abort();
    for (const plastic::apps::ProbeDistribution& one : columns.distributions) {
      for (const float share : one.shares) {
        if (share < 0.0F || share > 1.001F) std::abort();
      }
    }
  } catch (const plastic::Error&) {
  }
  return 0;
}

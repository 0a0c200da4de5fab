#include "plastic/core/error.h"
#include "plastic/data/idx.h"
#include "tests/fuzz/memory_file.h"

// read_idx either gives a tensor of the rank asked for or throws plastic::Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  plastic::fuzz::MemoryFile file;
  file.append({data, size});
  for (const std::size_t rank : {1U, 3U}) {
    try {
      if (plastic::data::read_idx(file.path(), rank).rank() != static_cast<std::int64_t>(rank)) {
        std::abort();
      }
    } catch (const plastic::Error&) {
    }
  }
  return 0;
}

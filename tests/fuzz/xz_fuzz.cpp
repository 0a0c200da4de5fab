#include <array>

#include "data/byte_source.h"
#include "plastic/core/error.h"
#include "tests/fuzz/memory_file.h"

// Decompresses to the end or throws plastic::Error. The six bytes by which xz is told are put
// before the input, so that every input reaches the decompressor.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::uint8_t, 6> magic = {0xfd, '7', 'z', 'X', 'Z', 0x00};
  plastic::fuzz::MemoryFile file;
  file.append(magic);
  file.append({data, size});
  try {
    const auto source = plastic::data::open_bytes("fuzz", file.path());
    std::array<std::uint8_t, 4096> bytes = {};
    std::uint64_t total = 0;
    std::size_t count = 0;
    do {
      count = source->read(bytes);
      total += count;
      // What comes out must stay under the bound that readers take memory by.
      if (total > source->most_bytes()) std::abort();
    } while (count == bytes.size());
  } catch (const plastic::Error&) {
  }
  return 0;
}

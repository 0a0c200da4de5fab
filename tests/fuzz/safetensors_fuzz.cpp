#include <cstdlib>

#include "plastic/core/error.h"
#include "plastic/core/safetensors.h"
#include "tests/fuzz/memory_file.h"

// load_safetensors either gives tensors that fit into the file or throws plastic::Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  plastic::fuzz::MemoryFile file;
  file.append({data, size});
  try {
    const plastic::Safetensors loaded = plastic::load_safetensors(file.path());
    for (const plastic::NamedTensor& entry : loaded.tensors) {
      const auto bytes =
          static_cast<std::size_t>(entry.tensor.numel()) * plastic::size_of(entry.tensor.dtype());
      if (!entry.tensor.defined() || bytes > size) std::abort();
    }
  } catch (const plastic::Error&) {
  }
  return 0;
}

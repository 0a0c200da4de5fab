#include "plastic/core/error.h"
#include "plastic/data/numpy.h"
#include "tests/fuzz/memory_file.h"

// load_npy and load_npz either give tensors or throw plastic::Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  plastic::fuzz::MemoryFile file;
  file.append({data, size});
  try {
    if (!plastic::data::load_npy(file.path()).is_contiguous()) std::abort();
  } catch (const plastic::Error&) {
  }
  try {
    for (const plastic::NamedTensor& array : plastic::data::load_npz(file.path())) {
      if (!array.tensor.defined()) std::abort();
    }
  } catch (const plastic::Error&) {
  }
  return 0;
}

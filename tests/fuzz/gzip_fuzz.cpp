#include "tests/fuzz/decompress.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::uint8_t, 2> magic = {0x1f, 0x8b};
  plastic::fuzz::decompress(magic, {data, size});
  return 0;
}

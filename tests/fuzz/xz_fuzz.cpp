#include "tests/fuzz/decompress.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::uint8_t, 6> magic = {0xfd, '7', 'z', 'X', 'Z', 0x00};
  plastic::fuzz::decompress(magic, {data, size});
  return 0;
}

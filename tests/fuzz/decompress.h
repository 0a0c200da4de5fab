#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "data/formats/byte_source.h"
#include "plastic/core/error.h"
#include "tests/fuzz/memory_file.h"

namespace plastic::fuzz {

/// Decompresses to the end or throws plastic::Error, which is fine; aborts when more comes out than
/// the source promised. `magic`, by which the format is told, is put before the input, so that
/// every input reaches the decompressor.
inline void decompress(std::span<const std::uint8_t> magic, std::span<const std::uint8_t> input) {
  MemoryFile file;
  file.append(magic);
  file.append(input);
  try {
    const auto source = data::open_bytes("fuzz", file.path());
    std::array<std::uint8_t, 4096> bytes = {};
    std::uint64_t total = 0;
    std::size_t count = 0;
    do {
      count = source->read(bytes);
      total += count;
      // What comes out must stay under the bound that readers take memory by.
      if (total > source->max_bytes()) std::abort();
    } while (count == bytes.size());
  } catch (const Error&) {
  }
}

}  // namespace plastic::fuzz

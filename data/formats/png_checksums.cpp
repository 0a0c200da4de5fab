#include "data/formats/png_checksums.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/check.h"
#include "core/io/crc32.h"

namespace plastic::data {
namespace {

constexpr std::array<std::uint8_t, 8> signature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr std::array<std::uint8_t, 4> last_type = {'I', 'E', 'N', 'D'};
/// Length, type and checksum.
constexpr std::size_t chunk_overhead = 12;

std::uint32_t big_endian(std::span<const std::uint8_t> bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

bool starts_with(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> prefix) {
  return bytes.size() >= prefix.size() && std::ranges::equal(bytes.first(prefix.size()), prefix);
}

}  // namespace

void check_png_checksums(const std::string& name, std::span<const std::uint8_t> bytes) {
  if (!starts_with(bytes, signature)) return;
  std::span<const std::uint8_t> rest = bytes.subspan(signature.size());
  for (;;) {
    const std::size_t length = rest.size() < chunk_overhead ? 0 : big_endian(rest);
    if (rest.size() < chunk_overhead || rest.size() - chunk_overhead < length) {
      fail("image", name, ": cut short: the file ends inside the image");
    }
    const auto checked = rest.subspan(4, 4 + length);
    if (crc32(checked) != big_endian(rest.subspan(8 + length))) {
      fail("image", name, ": corrupt: a wrong checksum in the chunk at byte ",
           bytes.size() - rest.size());
    }
    if (starts_with(checked, last_type)) return;
    rest = rest.subspan(chunk_overhead + length);
  }
}

}  // namespace plastic::data

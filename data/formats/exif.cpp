#include "data/formats/exif.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace plastic::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

bool starts_with(Bytes bytes, std::string_view prefix) {
  return bytes.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), bytes.begin(),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

constexpr std::string_view exif_prefix{"Exif\0\0", 6};

/// Numbers in the byte order of TIFF data; 0 beyond their end.
class TiffReader {
 public:
  TiffReader(Bytes bytes, bool is_big_endian) : bytes_(bytes), is_big_endian_(is_big_endian) {}

  std::uint32_t number(std::uint64_t at, int size) const {
    const auto length = static_cast<std::uint64_t>(size);
    if (at > bytes_.size() || bytes_.size() - at < length) return 0;
    std::uint32_t value = 0;
    for (int i = 0; i < size; ++i) {
      const auto place = static_cast<std::uint64_t>(is_big_endian_ ? i : size - 1 - i);
      value = value << 8 | bytes_[static_cast<std::size_t>(at + place)];
    }
    return value;
  }

 private:
  Bytes bytes_;
  bool is_big_endian_;
};

}  // namespace

int exif_orientation(Bytes tiff) {
  constexpr std::uint32_t orientation_tag = 0x0112;
  constexpr std::uint32_t short_type = 3;
  constexpr std::uint32_t long_type = 4;
  constexpr std::uint64_t entry_size = 12;
  const bool is_big_endian = starts_with(tiff, "MM");
  if (!is_big_endian && !starts_with(tiff, "II")) return 1;
  const TiffReader reader(tiff, is_big_endian);
  if (reader.number(2, 2) != 42) return 1;
  const std::uint64_t folder = reader.number(4, 4);
  const std::uint32_t count = reader.number(folder, 2);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t entry = folder + 2 + i * entry_size;
    if (reader.number(entry, 2) != orientation_tag) continue;
    const std::uint32_t type = reader.number(entry + 2, 2);
    if (reader.number(entry + 4, 4) != 1 || (type != short_type && type != long_type)) return 1;
    const std::uint32_t value = reader.number(entry + 8, type == short_type ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Bytes exif_of_jpeg(Bytes file) {
  constexpr std::uint8_t app1 = 0xE1;
  // Markers without a length: temporary, restarts, start of image.
  const auto stands_alone = [](std::uint8_t marker) {
    return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
  };
  const auto ends_headers = [](std::uint8_t marker) { return marker == 0xDA || marker == 0xD9; };
  while (file.size() >= 2) {
    if (file[0] != 0xFF) return {};
    const std::uint8_t marker = file[1];
    // Any number of bytes FF may stand before a marker.
    if (marker == 0xFF) {
      file = file.subspan(1);
      continue;
    }
    if (ends_headers(marker)) return {};
    file = file.subspan(2);
    if (stands_alone(marker)) continue;
    if (file.size() < 2) return {};
    const std::size_t length = std::size_t{file[0]} << 8 | file[1];
    if (length < 2 || length > file.size()) return {};
    const Bytes segment = file.subspan(2, length - 2);
    if (marker == app1 && starts_with(segment, exif_prefix)) {
      return segment.subspan(exif_prefix.size());
    }
    file = file.subspan(length);
  }
  return {};
}

Bytes exif_of_png(Bytes file) {
  constexpr std::size_t signature_size = 8;
  constexpr std::size_t overhead = 12;
  if (file.size() < signature_size) return {};
  file = file.subspan(signature_size);
  while (file.size() >= overhead) {
    const std::size_t length = std::size_t{file[0]} << 24 | std::size_t{file[1]} << 16 |
                               std::size_t{file[2]} << 8 | file[3];
    if (length > file.size() - overhead) return {};
    if (starts_with(file.subspan(4), "eXIf")) {
      const Bytes data = file.subspan(8, length);
      // Some writers put in what belongs to JPEG alone.
      return starts_with(data, exif_prefix) ? data.subspan(exif_prefix.size()) : data;
    }
    file = file.subspan(overhead + length);
  }
  return {};
}

Tensor turn_upright(const Tensor& image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const std::int64_t height = image.size(1);
  const std::int64_t width = image.size(2);
  // Rows that were columns; then the source is walked backwards along its rows or columns.
  const bool swaps = orientation >= 5;
  constexpr std::array<bool, 9> from_right = {false, false, true, true, false,
                                              false, false, true, true};
  constexpr std::array<bool, 9> from_below = {false, false, false, true, true,
                                              false, true,  true,  false};
  const auto at = static_cast<std::size_t>(orientation);
  const std::int64_t step_x = from_right[at] ? -1 : 1;
  const std::int64_t step_y = from_below[at] ? -width : width;
  const std::int64_t first =
      (from_right[at] ? width - 1 : 0) + (from_below[at] ? (height - 1) * width : 0);
  const std::int64_t out_height = swaps ? width : height;
  const std::int64_t out_width = swaps ? height : width;
  Tensor out = Tensor::empty({image.size(0), out_height, out_width}, {.dtype = DType::u8});
  auto* to = out.mutable_data<std::uint8_t>();
  const auto* from = image.data<std::uint8_t>();
  for (std::int64_t c = 0; c < image.size(0); ++c, from += height * width) {
    for (std::int64_t y = 0; y < out_height; ++y) {
      const std::uint8_t* row = from + first + y * (swaps ? step_x : step_y);
      for (std::int64_t x = 0; x < out_width; ++x) *to++ = row[x * (swaps ? step_y : step_x)];
    }
  }
  return out;
}

}  // namespace plastic::data

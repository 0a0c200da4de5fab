#include "data/formats/image_decoder.h"

#include <algorithm>
#include <initializer_list>
#include <new>
#include <vector>

#include "core/check.h"
#include "data/formats/exif.h"
#include "data/formats/image_planes.h"
#include "data/formats/input_file.h"
#include "data/formats/jpeg_decoder.h"
#include "data/formats/png_checksums.h"
#include "data/formats/png_decoder.h"

namespace plastic::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint64_t largest_file = std::uint64_t{1} << 29;
constexpr std::int64_t longest_side = 32768;
constexpr std::int64_t max_pixels = std::int64_t{1} << 27;

}  // namespace

void check_image_size(const std::string& name, std::int64_t height, std::int64_t width, Bytes file,
                      std::int64_t max_pixels_per_byte) {
  if (height < 1 || width < 1) fail("image", name, ": corrupt: it has no pixels");
  if (height > longest_side || width > longest_side || height * width > max_pixels) {
    fail("image", name, ": ", width, "x", height, " pixels; images of at most ", max_pixels,
         ", no side above ", longest_side, ", are read; make it smaller");
  }
  if (height * width > max_pixels_per_byte * std::ssize(file)) {
    fail("image", name, ": promises ", width, "x", height, " pixels, more than ", file.size(),
         " bytes can hold; the file is damaged");
  }
}

DecodedImage decode_image(const std::string& name, Bytes bytes, std::int64_t channels,
                          Orientation orientation) {
  check_png_checksums(name, bytes);
  return decode_unchecked(name, bytes, channels, orientation);
}

DecodedImage decode_unchecked(const std::string& name, Bytes bytes, std::int64_t channels,
                              Orientation orientation) {
  if (channels != 1 && channels != 3) {
    fail("image", name, ": cannot be read with ", channels, " channels; give 1 or 3");
  }
  const auto starts_with = [&](std::initializer_list<std::uint8_t> magic) {
    return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
  };
  if (bytes.empty()) fail("image", name, ": the file is empty");
  DecodedImage image;
  Bytes exif;
  if (starts_with({0x89, 'P', 'N', 'G'})) {
    image.pixels = decode_png(name, bytes, channels);
    exif = exif_of_png(bytes);
  } else if (starts_with({0xFF, 0xD8})) {
    image.pixels = decode_jpeg(name, bytes, channels, image.warning);
    exif = exif_of_jpeg(bytes);
  } else {
    fail("image", name, ": is neither PNG nor JPEG; convert it to one of them");
  }
  if (orientation == Orientation::apply) {
    image.pixels = turn_upright(image.pixels, exif_orientation(exif));
  }
  return image;
}

DecodedImage read_decoded(const std::filesystem::path& path, std::int64_t channels,
                          Orientation orientation) {
  InputFile file("image", path);
  if (file.size() > largest_file) {
    fail("image", file.path(), ": ", file.size(), " bytes; image files of at most ", largest_file,
         " are read");
  }
  try {
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(file.size()));
    bytes.resize(file.read(bytes));
    return decode_image(file.path(), bytes, channels, orientation);
  } catch (const std::bad_alloc&) {
    fail("image", file.path(), ": needs more memory than is available; make the image smaller");
  }
}

Tensor read_image(const std::filesystem::path& path, std::int64_t channels,
                  Orientation orientation) {
  return read_decoded(path, channels, orientation).pixels;
}

}  // namespace plastic::data

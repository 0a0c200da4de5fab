// PNG and JPEG by stb_image, the choice of those who want no library (PLASTIC_IMAGES=STB). For
// one's own files only: versions before 2.30 write out of bounds on hostile ones.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#include <stb_image.h>

#include <memory>
#include <new>
#include <string_view>

#include "core/check.h"
#include "data/formats/image_planes.h"
#include "data/formats/jpeg_decoder.h"
#include "data/formats/png_decoder.h"

namespace plastic::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

// As for the other decoders: what a byte of the file can hold at most.
constexpr std::int64_t max_pixels_per_png_byte = std::int64_t{8} * 1032;
constexpr std::int64_t max_pixels_per_jpeg_byte = std::int64_t{8} * 64;

struct FreeImage {
  void operator()(stbi_uc* samples) const { stbi_image_free(samples); }
};

[[noreturn]] void fail_decoding(const std::string& name, const char* kind) {
  const char* reason = stbi_failure_reason();
  if (reason == nullptr) reason = "no reason is given";
  if (std::string_view(reason) == "outofmem") throw std::bad_alloc();
  fail("image", name, ": corrupt ", kind, " data: ", reason);
}

Tensor decode(const std::string& name, Bytes file, std::int64_t channels, const char* kind,
              std::int64_t max_pixels_per_byte) {
  const int length = static_cast<int>(file.size());
  int width = 0;
  int height = 0;
  int components = 0;
  if (stbi_info_from_memory(file.data(), length, &width, &height, &components) == 0) {
    fail_decoding(name, kind);
  }
  check_image_size(name, height, width, file, max_pixels_per_byte);
  const std::unique_ptr<stbi_uc, FreeImage> samples(
      stbi_load_from_memory(file.data(), length, &width, &height, &components, 3));
  if (!samples) fail_decoding(name, kind);
  Tensor image = Tensor::empty({channels, height, width}, {.dtype = DType::u8});
  const ImagePlanes planes = planes_of(image);
  for (std::int64_t y = 0; y < height; ++y) planes.put_row(y, samples.get() + 3 * y * width);
  return image;
}

/// Whether a JPEG file has the mark of its end behind the beginning of its first scan, which
/// stb_image does not look for: it would take the rest of the image to be grey. Within a scan, 0xFF
/// is followed by 0 or by a mark.
bool has_end(Bytes file) {
  std::size_t at = 2;
  while (at + 4 <= file.size() && file[at] == 0xFF) {
    const std::uint8_t mark = file[at + 1];
    if (mark == 0xFF) {
      ++at;
      continue;
    }
    at += 2 + static_cast<std::size_t>(file[at + 2] << 8 | file[at + 3]);
    if (mark != 0xDA) continue;
    for (; at + 1 < file.size(); ++at) {
      if (file[at] == 0xFF && file[at + 1] == 0xD9) return true;
    }
  }
  return false;
}

}  // namespace

Tensor decode_png(const std::string& name, Bytes file, std::int64_t channels) {
  return decode(name, file, channels, "PNG", max_pixels_per_png_byte);
}

Tensor decode_jpeg(const std::string& name, Bytes file, std::int64_t channels,
                   std::string& warning) {
  if (!has_end(file)) fail("image", name, ": cut short: the file ends inside the image");
  warning.clear();
  return decode(name, file, channels, "JPEG", max_pixels_per_jpeg_byte);
}

}  // namespace plastic::data

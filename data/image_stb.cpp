#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "core/check.h"
#include "data/image_decoder.h"
#include "data/input_file.h"
#include "data/png_checksums.h"
#include "plastic/data/image.h"

// Static, so that an application may have a stb_image of its own.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_FAILURE_USERMSG
#define STBI_MAX_DIMENSIONS 32768
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#include <stb_image.h>

namespace plastic::data {
namespace {

constexpr std::uint64_t largest_file = std::uint64_t{1} << 29;
constexpr std::int64_t most_pixels = std::int64_t{1} << 27;

/// How many pixels a byte of a file can hold.
std::int64_t most_pixels_a_byte(std::span<const std::uint8_t> bytes) {
  // A JPEG spends at least a bit on each block of 8x8.
  if (bytes[0] == 0xFF) return 8 * 64;
  // A byte of a PNG's has at most eight pixels, and deflate makes at most 1032 of one.
  if (bytes[0] == 0x89) return 8 * 1032;
  return 8;
}

/// Hands bytes to stb_image and notices when it asks for more than there are: stb_image itself
/// takes the missing end of a JPEG for zeros.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  bool starved() const { return starved_; }

  static stbi_io_callbacks callbacks() {
    return {.read = [](void* self, char* out, int size) { return of(self).read(out, size); },
            .skip = [](void* self, int count) { of(self).skip(count); },
            .eof = [](void* self) { return of(self).rest_.empty() ? 1 : 0; }};
  }

 private:
  static Reader& of(void* self) { return *static_cast<Reader*>(self); }

  int read(char* out, int size) {
    const std::size_t count = std::min(rest_.size(), static_cast<std::size_t>(std::max(size, 0)));
    if (count == 0 && size > 0) starved_ = true;
    if (count > 0) std::memcpy(out, rest_.data(), count);
    rest_ = rest_.subspan(count);
    return static_cast<int>(count);
  }

  void skip(int count) {
    const std::size_t wanted = static_cast<std::size_t>(std::max(count, 0));
    if (wanted > rest_.size()) starved_ = true;
    rest_ = rest_.subspan(std::min(wanted, rest_.size()));
  }

  std::span<const std::uint8_t> rest_;
  bool starved_ = false;
};

struct Free {
  void operator()(stbi_uc* pixels) const { stbi_image_free(pixels); }
};

[[noreturn]] void fail_decoding(const std::string& name, const Reader& reader) {
  if (reader.starved()) fail("image", name, ": cut short: the file ends inside the image");
  fail("image", name, ": cannot be decoded: ", stbi_failure_reason(),
       "; PNG, JPEG and BMP are read");
}

void check_size(const std::string& name, std::span<const std::uint8_t> bytes) {
  const stbi_io_callbacks callbacks = Reader::callbacks();
  Reader reader(bytes);
  int width = 0;
  int height = 0;
  int components = 0;
  if (stbi_info_from_callbacks(&callbacks, &reader, &width, &height, &components) == 0) {
    fail_decoding(name, reader);
  }
  const std::int64_t pixels = std::int64_t{width} * height;
  if (pixels > most_pixels) {
    fail("image", name, ": ", width, "x", height, " pixels; images of at most ", most_pixels,
         " are read, make it smaller");
  }
  if (pixels > most_pixels_a_byte(bytes) * std::ssize(bytes)) {
    fail("image", name, ": promises ", width, "x", height, " pixels, more than ", bytes.size(),
         " bytes can hold; the file is damaged");
  }
}

}  // namespace

Tensor decode_image(const std::string& name, std::span<const std::uint8_t> bytes,
                    std::int64_t channels) {
  if (channels != 1 && channels != 3) {
    fail("image", name, ": cannot be read with ", channels, " channels; give 1 or 3");
  }
  if (bytes.empty()) fail("image", name, ": the file is empty");
  check_size(name, bytes);
  const stbi_io_callbacks callbacks = Reader::callbacks();
  Reader reader(bytes);
  int width = 0;
  int height = 0;
  int components = 0;
  const std::unique_ptr<stbi_uc, Free> pixels(stbi_load_from_callbacks(
      &callbacks, &reader, &width, &height, &components, static_cast<int>(channels)));
  if (!pixels || reader.starved()) fail_decoding(name, reader);
  Tensor image = Tensor::empty({channels, height, width}, {.dtype = DType::u8});
  auto* out = image.mutable_data<std::uint8_t>();
  const std::int64_t plane = std::int64_t{width} * height;
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    const stbi_uc* from = pixels.get() + channel;
    for (std::int64_t p = 0; p < plane; ++p) out[channel * plane + p] = from[p * channels];
  }
  return image;
}

Tensor read_image(const std::filesystem::path& path, std::int64_t channels) {
  InputFile file("image", path);
  if (file.size() > largest_file) {
    fail("image", file.path(), ": ", file.size(), " bytes; image files of at most ", largest_file,
         " are read");
  }
  try {
    std::vector<std::uint8_t> bytes(file.size());
    bytes.resize(file.read(bytes));
    check_png_checksums(file.path(), bytes);
    return decode_image(file.path(), bytes, channels);
  } catch (const std::bad_alloc&) {
    fail("image", file.path(), ": needs more memory than there is; make the image smaller");
  }
}

}  // namespace plastic::data

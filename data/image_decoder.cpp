#include "data/image_decoder.h"

#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <new>
#include <vector>

#include "core/check.h"
#include "data/input_file.h"
#include "data/png_checksums.h"
#include "plastic/data/image.h"

namespace plastic::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint64_t largest_file = std::uint64_t{1} << 29;
constexpr std::int64_t longest_side = 32768;
constexpr std::int64_t most_pixels = std::int64_t{1} << 27;
// A byte of a PNG's samples has at most eight pixels, and deflate makes at most 1032 of one.
constexpr std::int64_t most_png_pixels_a_byte = std::int64_t{8} * 1032;
// A JPEG spends at least a bit on each block of 8x8.
constexpr std::int64_t most_jpeg_pixels_a_byte = std::int64_t{8} * 64;

/// Colour samples in rows, red, green and blue and `step - 3` others together.
struct Pixels {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t step = 0;
  std::vector<std::uint8_t> samples;
};

/// Before memory is taken for an image.
void check_size(const std::string& name, std::int64_t height, std::int64_t width, Bytes file,
                std::int64_t most_a_byte) {
  if (height < 1 || width < 1) fail("image", name, ": corrupt: it has no pixels");
  if (height > longest_side || width > longest_side || height * width > most_pixels) {
    fail("image", name, ": ", width, "x", height, " pixels; images of at most ", most_pixels,
         ", no side above ", longest_side, ", are read; make it smaller");
  }
  if (height * width > most_a_byte * std::ssize(file)) {
    fail("image", name, ": promises ", width, "x", height, " pixels, more than ", file.size(),
         " bytes can hold; the file is damaged");
  }
}

/// libpng's simplified reader.
class PngReader {
 public:
  PngReader(const std::string& name, Bytes file) : name_(name), file_(file) {
    image_.version = PNG_IMAGE_VERSION;
  }
  ~PngReader() { png_image_free(&image_); }
  // libpng keeps the address of the image.
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  Pixels read() {
    if (png_image_begin_read_from_memory(&image_, file_.data(), file_.size()) == 0) fail_reading();
    check_size(name_, image_.height, image_.width, file_, most_png_pixels_a_byte);
    // With transparency, which would otherwise be blended with a background.
    image_.format = PNG_FORMAT_RGBA;
    image_.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    Pixels out = {.height = image_.height, .width = image_.width, .step = 4, .samples = {}};
    out.samples.resize(PNG_IMAGE_SIZE(image_));
    if (png_image_finish_read(&image_, nullptr, out.samples.data(), 0, nullptr) == 0) {
      fail_reading();
    }
    return out;
  }

 private:
  [[noreturn]] void fail_reading() const {
    fail("image", name_, ": corrupt PNG data: ", static_cast<const char*>(image_.message));
  }

  const std::string& name_;
  Bytes file_;
  png_image image_ = {};
};

class JpegReader {
 public:
  JpegReader(const std::string& name, Bytes file)
      : name_(name), file_(file), decoder_(tjInitDecompress()) {
    if (!decoder_) throw std::bad_alloc();
  }

  Pixels read() {
    int width = 0;
    int height = 0;
    int subsampling = 0;
    int colours = 0;
    const auto size = static_cast<unsigned long>(file_.size());
    if (tjDecompressHeader3(decoder_.get(), file_.data(), size, &width, &height, &subsampling,
                            &colours) != 0) {
      fail_reading();
    }
    check_size(name_, height, width, file_, most_jpeg_pixels_a_byte);
    Pixels out = {.height = height, .width = width, .step = 3, .samples = {}};
    out.samples.resize(std::size_t{3} * static_cast<std::size_t>(height) *
                       static_cast<std::size_t>(width));
    // A small file of very many scans would take very long.
    constexpr int flags = TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS | TJFLAG_STOPONWARNING;
    if (tjDecompress2(decoder_.get(), file_.data(), size, out.samples.data(), width, 0, height,
                      TJPF_RGB, flags) != 0) {
      fail_reading();
    }
    return out;
  }

 private:
  struct Destroy {
    void operator()(void* decoder) const { tjDestroy(decoder); }
  };

  [[noreturn]] void fail_reading() const {
    fail("image", name_, ": corrupt JPEG data: ", tjGetErrorStr2(decoder_.get()));
  }

  const std::string& name_;
  Bytes file_;
  std::unique_ptr<void, Destroy> decoder_;
};

Pixels decode(const std::string& name, Bytes file) {
  const auto starts_with = [&](std::initializer_list<std::uint8_t> magic) {
    return file.size() >= magic.size() && std::equal(magic.begin(), magic.end(), file.begin());
  };
  if (file.empty()) fail("image", name, ": the file is empty");
  if (starts_with({0x89, 'P', 'N', 'G'})) return PngReader(name, file).read();
  if (starts_with({0xFF, 0xD8})) return JpegReader(name, file).read();
  fail("image", name, ": is neither PNG nor JPEG; convert it to one of them");
}

Tensor to_tensor(const Pixels& pixels, std::int64_t channels) {
  Tensor image = Tensor::empty({channels, pixels.height, pixels.width}, {.dtype = DType::u8});
  auto* out = image.mutable_data<std::uint8_t>();
  const std::uint8_t* from = pixels.samples.data();
  const std::int64_t plane = pixels.height * pixels.width;
  for (std::int64_t p = 0; p < plane; ++p, from += pixels.step) {
    if (channels == 1) {
      out[p] = static_cast<std::uint8_t>((77 * from[0] + 150 * from[1] + 29 * from[2] + 128) >> 8);
    } else {
      for (std::int64_t c = 0; c < 3; ++c) out[c * plane + p] = from[c];
    }
  }
  return image;
}

}  // namespace

Tensor decode_image(const std::string& name, std::span<const std::uint8_t> bytes,
                    std::int64_t channels) {
  if (channels != 1 && channels != 3) {
    fail("image", name, ": cannot be read with ", channels, " channels; give 1 or 3");
  }
  return to_tensor(decode(name, bytes), channels);
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

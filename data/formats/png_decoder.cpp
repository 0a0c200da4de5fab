#include "data/formats/png_decoder.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "data/formats/image_planes.h"
#include "data/formats/jump_guard.h"

namespace plastic::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

// A byte of samples has at most eight pixels, and deflate makes at most 1032 of one.
constexpr std::int64_t max_pixels_per_byte = std::int64_t{8} * 1032;
constexpr std::size_t signature_size = 8;
/// Length, type and checksum.
constexpr std::size_t chunk_overhead = 12;

std::uint32_t big_endian(Bytes bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

/// The bytes of a PNG file without the chunks that pixels do not need ("ancillary", their names in
/// small letters): text, profiles and the like, which libpng would unpack and keep, gamma and
/// colours, which it would apply.
class PixelChunks {
 public:
  explicit PixelChunks(Bytes file)
      : current_(file.first(std::min(file.size(), signature_size))),
        rest_(file.subspan(current_.size())) {}

  /// False where the file ends before `count` bytes.
  bool read(std::uint8_t* out, std::size_t count) {
    while (count > 0) {
      if (current_.empty() && !next()) return false;
      const std::size_t part = std::min(count, current_.size());
      std::memcpy(out, current_.data(), part);
      current_ = current_.subspan(part);
      out += part;
      count -= part;
    }
    return true;
  }

 private:
  bool next() {
    while (rest_.size() >= chunk_overhead) {
      const std::size_t length = big_endian(rest_);
      if (length > rest_.size() - chunk_overhead) break;
      const bool is_needed = (rest_[4] & 0x20U) == 0;
      current_ = is_needed ? rest_.first(chunk_overhead + length) : Bytes{};
      rest_ = rest_.subspan(chunk_overhead + length);
      if (is_needed) return true;
    }
    return false;
  }

  Bytes current_;
  Bytes rest_;
};

class PngDecoder {
 public:
  PngDecoder(const std::string& name, Bytes file) : name_(name), file_(file), chunks_(file) {
    png_ = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp png, png_const_charp text) { self(png_get_error_ptr(png)).stop(text); },
        [](png_structp, png_const_charp) {});
    if (png_ == nullptr) throw std::bad_alloc();
    info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  // libpng keeps the address of this.
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  Tensor read(std::int64_t channels) {
    const auto [height, width] = size();
    check_image_size(name_, height, width, file_, max_pixels_per_byte);
    run([this] { start(); });
    if (png_get_rowbytes(png_, info_) != static_cast<std::size_t>(3 * width)) {
      fail("image", name_, ": corrupt PNG data: its kind and its size contradict each other");
    }
    Tensor image = Tensor::empty({channels, height, width}, {.dtype = DType::u8});
    const ImagePlanes planes = planes_of(image);
    // Interlaced rows come several times, each time with more of their pixels.
    const std::int64_t rows_kept = passes_ > 1 ? height : 1;
    rows_.resize(static_cast<std::size_t>(rows_kept * 3 * width));
    run([this, &planes] { read_rows(planes); });
    return image;
  }

 private:
  struct Size {
    std::int64_t height;
    std::int64_t width;
  };

  static PngDecoder& self(void* decoder) { return *static_cast<PngDecoder*>(decoder); }

  /// From the header, which comes first, before libpng sees it.
  Size size() const {
    constexpr std::string_view header = "IHDR";
    constexpr std::size_t size_at = signature_size + 8;
    if (file_.size() < size_at + 8 ||
        std::memcmp(file_.data() + signature_size + 4, header.data(), header.size()) != 0) {
      fail("image", name_, ": corrupt PNG data: it does not begin with a header");
    }
    return {.height = big_endian(file_.subspan(size_at + 4)),
            .width = big_endian(file_.subspan(size_at))};
  }

  template <class Step>
  void run(const Step& step) {
    if (guard_.run(step)) return;
    if (is_cut_short_) fail("image", name_, ": cut short: the file ends inside the image");
    fail("image", name_, ": corrupt PNG data: ", message_.data());
  }

  // In what follows, until the next comment of its kind, nothing has a destructor: libpng may jump.
  void start() {
    png_set_read_fn(png_, this, [](png_structp png, png_bytep out, std::size_t count) {
      PngDecoder& decoder = self(png_get_io_ptr(png));
      decoder.is_cut_short_ = !decoder.chunks_.read(out, count);
      if (decoder.is_cut_short_) png_error(png, "cut short");
    });
    // They have been looked at where they matter.
    png_set_crc_action(png_, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
    png_read_info(png_, info_);
    png_set_expand(png_);
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    png_set_gray_to_rgb(png_);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
  }

  void read_rows(const ImagePlanes& planes) {
    const std::int64_t row_size = 3 * planes.width;
    for (int pass = 0; pass < passes_; ++pass) {
      for (std::int64_t y = 0; y < planes.height; ++y) {
        std::uint8_t* row = rows_.data() + (passes_ > 1 ? y * row_size : 0);
        png_read_row(png_, row, nullptr);
        if (pass == passes_ - 1) planes.put_row(y, row);
      }
    }
  }

  [[noreturn]] void stop(const char* text) {
    const std::size_t length = std::min(std::strlen(text), message_.size() - 1);
    std::memcpy(message_.data(), text, length);
    message_[length] = '\0';
    guard_.jump();
  }
  // Destructors may be needed again from here on.

  const std::string& name_;
  Bytes file_;
  PixelChunks chunks_;
  JumpGuard guard_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  int passes_ = 1;
  bool is_cut_short_ = false;
  std::vector<std::uint8_t> rows_;
  std::array<char, 160> message_ = {};
};

}  // namespace

Tensor decode_png(const std::string& name, Bytes file, std::int64_t channels) {
  return PngDecoder(name, file).read(channels);
}

}  // namespace plastic::data

#include "data/formats/jpeg_decoder.h"

// The library's headers need it before them.
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <new>
#include <vector>

#include "core/check.h"
#include "data/formats/image_planes.h"
#include "data/formats/jump_guard.h"

namespace plastic::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Huffman codes have at least a bit, of which each block of 8x8 needs one.
constexpr std::int64_t max_pixels_per_byte = std::int64_t{8} * 64;
// Arithmetic codes have no such bound, and nearly nobody writes them.
constexpr std::int64_t max_pixels_per_byte_arithmetic = std::int64_t{1} << 20;
// A small file may have very many scans, each of which goes through the whole image.
constexpr std::int64_t max_scans = 500;
constexpr std::int64_t fewest_scans_refused = 64;
constexpr std::int64_t max_pixels_scanned = std::int64_t{1} << 32;

/// light - (255 - value) light / 255, rounded: a colour and black as they are stored, inverted.
std::uint8_t printed(std::uint8_t value, std::uint8_t light) {
  const int product = (255 - value) * light + 128;
  return static_cast<std::uint8_t>(light - ((product + (product >> 8)) >> 8));
}

class JpegDecoder {
 public:
  JpegDecoder(const std::string& name, Bytes file) : name_(name), file_(file) {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr info) { self(info).fail_in_step(); };
    errors_.emit_message = [](j_common_ptr info, int level) { self(info).note(level); };
    errors_.output_message = [](j_common_ptr) {};
    // Creating clears all but these two.
    info_.client_data = this;
    if (!guard_.run([this] { jpeg_create_decompress(&info_); })) fail_reading();
    source_.next_input_byte = file.data();
    source_.bytes_in_buffer = file.size();
    source_.init_source = [](j_decompress_ptr) {};
    source_.term_source = [](j_decompress_ptr) {};
    source_.fill_input_buffer = [](j_decompress_ptr info) -> boolean {
      ERREXIT(info, JERR_INPUT_EOF);
      return FALSE;
    };
    source_.skip_input_data = [](j_decompress_ptr info, long count) {
      if (count <= 0) return;
      const auto length = static_cast<std::size_t>(count);
      if (length > info->src->bytes_in_buffer) ERREXIT(info, JERR_INPUT_EOF);
      info->src->next_input_byte += length;
      info->src->bytes_in_buffer -= length;
    };
    source_.resync_to_restart = jpeg_resync_to_restart;
    info_.src = &source_;
    progress_.progress_monitor = [](j_common_ptr info) { self(info).check_scans(); };
    info_.progress = &progress_;
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&info_); }
  // The library keeps the addresses of its members.
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  Tensor read(std::int64_t channels) {
    run([this] { jpeg_read_header(&info_, TRUE); });
    const auto height = static_cast<std::int64_t>(info_.image_height);
    const auto width = static_cast<std::int64_t>(info_.image_width);
    check_image_size(
        name_, height, width, file_,
        info_.arith_code != FALSE ? max_pixels_per_byte_arithmetic : max_pixels_per_byte);
    max_scans_ = std::clamp(max_pixels_scanned / (height * width), fewest_scans_refused, max_scans);
    const bool is_printed = info_.num_components == 4;
    if (info_.num_components != 1 && info_.num_components != 3 && !is_printed) {
      fail("image", name_, ": a JPEG with ", info_.num_components,
           " colour components; 1, 3 or 4 can be read");
    }
    info_.out_color_space = is_printed ? JCS_CMYK : JCS_RGB;
    Tensor image = Tensor::empty({channels, height, width}, {.dtype = DType::u8});
    row_.resize(static_cast<std::size_t>(width) * (is_printed ? 4U : 3U));
    const ImagePlanes planes = planes_of(image);
    run([this, &planes] { read_rows(planes); });
    return image;
  }

  const std::array<char, JMSG_LENGTH_MAX>& warning() const { return warning_; }

 private:
  static JpegDecoder& self(j_common_ptr info) {
    return *static_cast<JpegDecoder*>(info->client_data);
  }

  template <class Step>
  void run(const Step& step) {
    if (!guard_.run(step)) fail_reading();
  }

  // Within a step: nothing with a destructor.
  void read_rows(const ImagePlanes& planes) {
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      const auto y = static_cast<std::int64_t>(info_.output_scanline);
      JSAMPROW row = row_.data();
      jpeg_read_scanlines(&info_, &row, 1);
      if (info_.out_color_space == JCS_CMYK) convert_printed();
      planes.put_row(y, row_.data());
    }
    jpeg_finish_decompress(&info_);
  }

  // Cyan, magenta, yellow and black, all inverted, to red, green and blue in the row's front.
  void convert_printed() {
    const std::uint8_t* from = row_.data();
    std::uint8_t* to = row_.data();
    for (JDIMENSION x = 0; x < info_.output_width; ++x, from += 4, to += 3) {
      const std::uint8_t light = from[3];
      for (int c = 0; c < 3; ++c) to[c] = printed(from[c], light);
    }
  }

  void check_scans() {
    if (info_.input_scan_number <= max_scans_) return;
    std::snprintf(message_.data(), message_.size(), "more than %d scans",
                  static_cast<int>(max_scans_));
    guard_.jump();
  }

  void note(int level) {
    if (level >= 0) return;
    if (errors_.num_warnings++ == 0) format(warning_);
  }

  [[noreturn]] void fail_in_step() {
    format(message_);
    guard_.jump();
  }

  void format(std::array<char, JMSG_LENGTH_MAX>& text) {
    errors_.format_message(reinterpret_cast<j_common_ptr>(&info_), text.data());
  }

  [[noreturn]] void fail_reading() const {
    switch (errors_.msg_code) {
      case JERR_OUT_OF_MEMORY:
        throw std::bad_alloc();
      case JERR_INPUT_EOF:
        fail("image", name_, ": cut short: the file ends inside the image");
      case JERR_BAD_PRECISION:
      case JERR_SOF_UNSUPPORTED:
      case JERR_FRACT_SAMPLE_NOTIMPL:
      case JERR_CCIR601_NOTIMPL:
      case JERR_CONVERSION_NOTIMPL:
      case JERR_ARITH_NOTIMPL:
      case JERR_COMPONENT_COUNT:
        fail("image", name_, ": an unsupported kind of JPEG: ", message_.data(),
             "; save it as an ordinary one, with 8 bits per sample");
      default:
        fail("image", name_, ": corrupt JPEG data: ", message_.data());
    }
  }

  const std::string& name_;
  Bytes file_;
  JumpGuard guard_;
  jpeg_decompress_struct info_ = {};
  jpeg_error_mgr errors_ = {};
  jpeg_source_mgr source_ = {};
  jpeg_progress_mgr progress_ = {};
  std::int64_t max_scans_ = max_scans;
  std::vector<std::uint8_t> row_;
  std::array<char, JMSG_LENGTH_MAX> message_ = {};
  std::array<char, JMSG_LENGTH_MAX> warning_ = {};
};

}  // namespace

Tensor decode_jpeg(const std::string& name, Bytes file, std::int64_t channels,
                   std::string& warning) {
  JpegDecoder decoder(name, file);
  const Tensor image = decoder.read(channels);
  warning = decoder.warning().data();
  return image;
}

}  // namespace plastic::data

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "core/check.h"
#include "data/formats/gzip.h"

namespace plastic::data {
namespace {

// Deflate makes at most 258 bytes of two bits, and so 1032 of a byte.
constexpr std::uint64_t max_expansion = 1032;
// zlib's largest window, and 16 for a gzip header and checksum around it.
constexpr int gzip_window_bits = 15 + 16;
constexpr std::size_t largest_chunk = std::size_t{1} << 30;

class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(InputFile file) : file_(std::move(file)) {
    if (inflateInit2(&stream_, gzip_window_bits) != Z_OK) {
      fail(file_.op(), file_.path(), ": no memory to decompress it");
    }
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  // zlib keeps the address of the stream.
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::size_t read(std::span<std::uint8_t> out) override {
    std::size_t filled = 0;
    while (filled < out.size() && !finished_) {
      filled += inflate_some(out.subspan(filled, std::min(out.size() - filled, largest_chunk)));
    }
    return filled;
  }

  std::uint64_t max_bytes() const override {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    return file_.size() > most / max_expansion ? most : file_.size() * max_expansion;
  }

  bool compressed() const override { return true; }

 private:
  std::size_t inflate_some(std::span<std::uint8_t> out) {
    if (stream_.avail_in == 0 && !refill()) {
      fail(file_.op(), file_.path(),
           ": truncated: the gzip data stop before their end; fetch the file again");
    }
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      next_member();
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      fail(file_.op(), file_.path(), ": corrupt gzip data (",
           stream_.msg != nullptr ? stream_.msg : zError(code), "); fetch the file again");
    }
    return out.size() - stream_.avail_out;
  }

  /// After the end of a member. Zeros behind it are padding, which tape drives and tar leave.
  void next_member() {
    do {
      while (stream_.avail_in > 0 && *stream_.next_in == 0) {
        ++stream_.next_in;
        --stream_.avail_in;
      }
    } while (stream_.avail_in == 0 && refill());
    if (stream_.avail_in == 0) {
      finished_ = true;
      return;
    }
    if (*stream_.next_in != 0x1f) {
      fail(file_.op(), file_.path(),
           ": bytes that are not gzip follow the end of the gzip data; fetch the file again");
    }
    inflateReset(&stream_);
  }

  bool refill() {
    stream_.next_in = buffer_.data();
    stream_.avail_in = static_cast<uInt>(file_.read(buffer_));
    return stream_.avail_in != 0;
  }

  InputFile file_;
  z_stream stream_ = {};
  bool finished_ = false;
  std::array<std::uint8_t, 65536> buffer_;
};

}  // namespace

std::unique_ptr<ByteSource> open_gzip(InputFile file) {
  return std::make_unique<GzipSource>(std::move(file));
}

}  // namespace plastic::data

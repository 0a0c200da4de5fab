#include <zlib.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/check.h"
#include "data/numpy/deflate.h"

namespace plastic::data {
namespace {

// zlib's largest window, negative for data without a header.
constexpr int window_bits = -15;
constexpr std::size_t largest_chunk = std::size_t{1} << 30U;

class InflatedSource final : public ByteSource {
 public:
  InflatedSource(std::string name, std::unique_ptr<ByteSource> packed, std::uint64_t size)
      : name_(std::move(name)), packed_(std::move(packed)), size_(size) {
    if (inflateInit2(&stream_, window_bits) != Z_OK) {
      fail("npz", name_, ": no memory to decompress it");
    }
  }
  ~InflatedSource() override { inflateEnd(&stream_); }
  // zlib keeps the address of the stream.
  InflatedSource(const InflatedSource&) = delete;
  InflatedSource& operator=(const InflatedSource&) = delete;

  std::size_t read(std::span<std::uint8_t> out) override {
    std::size_t filled = 0;
    while (filled < out.size() && !finished_) {
      filled += inflate_some(out.subspan(filled, std::min(out.size() - filled, largest_chunk)));
    }
    return filled;
  }

  std::uint64_t max_bytes() const override { return size_; }
  bool compressed() const override { return true; }

 private:
  std::size_t inflate_some(std::span<std::uint8_t> out) {
    if (stream_.avail_in == 0) {
      stream_.next_in = buffer_.data();
      stream_.avail_in = static_cast<uInt>(packed_->read(buffer_));
    }
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    const bool is_over = stream_.avail_in == 0;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      finished_ = true;
    } else if ((code != Z_OK && code != Z_BUF_ERROR) || is_over) {
      fail("npz", name_, ": corrupt deflated data; fetch the file again");
    }
    return out.size() - stream_.avail_out;
  }

  std::string name_;
  std::unique_ptr<ByteSource> packed_;
  std::uint64_t size_;
  z_stream stream_ = {};
  bool finished_ = false;
  std::array<std::uint8_t, 65536> buffer_;
};

}  // namespace

std::unique_ptr<ByteSource> inflated(const std::string& name, std::unique_ptr<ByteSource> packed,
                                     std::uint64_t size) {
  return std::make_unique<InflatedSource>(name, std::move(packed), size);
}

std::string deflated(const std::string& name, std::string_view bytes) {
  z_stream stream = {};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    fail("npz", name, ": no memory to compress it");
  }
  std::string packed;
  std::array<char, 65536> buffer;
  int code = Z_OK;
  while (code == Z_OK) {
    const std::string_view piece = bytes.substr(0, largest_chunk);
    // zlib does not write there.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream.avail_in = static_cast<uInt>(piece.size());
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    code = deflate(&stream, piece.size() == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    bytes.remove_prefix(piece.size() - stream.avail_in);
    packed.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  if (code != Z_STREAM_END) fail("npz", name, ": cannot be compressed");
  return packed;
}

}  // namespace plastic::data

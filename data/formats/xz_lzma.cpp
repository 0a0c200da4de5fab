#include <lzma.h>

#include <array>
#include <limits>
#include <utility>

#include "core/check.h"
#include "data/formats/xz.h"

namespace plastic::data {
namespace {

// LZMA makes at most 273 bytes of 14 decisions, each of them at least 0.022 bits: 7090 bytes of
// one.
constexpr std::uint64_t max_expansion = 8192;
// What xz -9 needs to decompress, twice over.
constexpr std::uint64_t max_memory = std::uint64_t{128} << 20;

class XzSource final : public ByteSource {
 public:
  explicit XzSource(InputFile file) : file_(std::move(file)) {
    if (lzma_stream_decoder(&stream_, max_memory, LZMA_CONCATENATED) != LZMA_OK) {
      fail(file_.op(), file_.path(), ": no memory to decompress it");
    }
  }
  ~XzSource() override { lzma_end(&stream_); }
  // liblzma keeps the address of the stream.
  XzSource(const XzSource&) = delete;
  XzSource& operator=(const XzSource&) = delete;

  std::size_t read(std::span<std::uint8_t> out) override {
    stream_.next_out = out.data();
    stream_.avail_out = out.size();
    while (stream_.avail_out > 0 && !finished_) {
      if (stream_.avail_in == 0 && !at_end_) refill();
      const lzma_ret code = lzma_code(&stream_, at_end_ ? LZMA_FINISH : LZMA_RUN);
      if (code == LZMA_STREAM_END) {
        finished_ = true;
      } else if (code != LZMA_OK) {
        fail_decoding(code);
      }
    }
    return out.size() - stream_.avail_out;
  }

  std::uint64_t max_bytes() const override {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    return file_.size() > most / max_expansion ? most : file_.size() * max_expansion;
  }

  bool compressed() const override { return true; }

 private:
  void refill() {
    stream_.next_in = buffer_.data();
    stream_.avail_in = file_.read(buffer_);
    at_end_ = stream_.avail_in < buffer_.size();
  }

  [[noreturn]] void fail_decoding(lzma_ret code) const {
    switch (code) {
      case LZMA_BUF_ERROR:
        fail(file_.op(), file_.path(),
             ": truncated: the xz data stop before their end; fetch the file again");
      case LZMA_MEMLIMIT_ERROR:
        fail(file_.op(), file_.path(), ": needs more than ", max_memory,
             " bytes to decompress; compress it with xz -9 or less");
      case LZMA_MEM_ERROR:
        fail(file_.op(), file_.path(), ": no memory to decompress it");
      default:
        fail(file_.op(), file_.path(), ": corrupt xz data (liblzma's error ",
             static_cast<int>(code), "); fetch the file again");
    }
  }

  InputFile file_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool at_end_ = false;
  bool finished_ = false;
  std::array<std::uint8_t, 65536> buffer_;
};

}  // namespace

std::unique_ptr<ByteSource> open_xz(InputFile file) {
  return std::make_unique<XzSource>(std::move(file));
}

}  // namespace plastic::data

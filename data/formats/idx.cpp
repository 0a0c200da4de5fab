#include "plastic/data/idx.h"

#include <array>
#include <ios>
#include <limits>
#include <memory>
#include <string>

#include "core/check.h"
#include "core/text_stream.h"
#include "data/formats/byte_source.h"

namespace plastic::data {
namespace {

constexpr std::uint8_t unsigned_bytes = 0x08;

/// The name in the format's description of an element type's code.
const char* type_name(std::uint32_t code) {
  switch (code) {
    case unsigned_bytes:
      return "unsigned bytes";
    case 0x09:
      return "signed bytes";
    case 0x0B:
      return "16-bit integers";
    case 0x0C:
      return "32-bit integers";
    case 0x0D:
      return "32-bit floats";
    case 0x0E:
      return "64-bit floats";
    default:
      return nullptr;
  }
}

class IdxReader {
 public:
  IdxReader(const std::filesystem::path& path, std::size_t rank)
      : path_(path.string()), rank_(rank), source_(open_bytes("idx", path)) {}

  Tensor read() {
    check_magic(read_u32());
    Shape shape;
    for (std::size_t i = 0; i < rank_; ++i) shape.push_back(read_u32());
    const std::uint64_t promised = checked_bytes(shape);
    Tensor out = Tensor::empty(shape, {.dtype = DType::u8});
    const std::size_t count =
        source_->read({out.mutable_data<std::uint8_t>(), static_cast<std::size_t>(promised)});
    if (count < promised) fail_truncated(shape, promised, count);
    std::array<std::uint8_t, 1> beyond = {};
    if (source_->read(beyond) != 0) fail_oversized(shape, promised);
    return out;
  }

 private:
  std::uint32_t read_u32() {
    std::array<std::uint8_t, 4> bytes = {};
    const std::size_t count = source_->read(bytes);
    header_bytes_ += count;
    if (count < bytes.size()) {
      fail("idx", path_, ": truncated: the file ends after ", header_bytes_,
           " bytes, inside the header of ", 4 + 4 * rank_, "; fetch it again");
    }
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
           std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
  }

  void check_magic(std::uint32_t found) const {
    const std::uint32_t expected =
        std::uint32_t{unsigned_bytes} << 8 | static_cast<std::uint32_t>(rank_);
    if (found == expected) return;
    const std::uint32_t type = found >> 8;
    TextStream hint;
    if (type == unsigned_bytes) {
      hint << "the file holds rank " << (found & 0xFFU) << " and not " << rank_
           << "; are images and labels mixed up?";
    } else if (type_name(type) != nullptr) {
      hint << "the file holds " << type_name(type) << "; only unsigned bytes (0x08) are read";
    } else {
      hint << "this is not an IDX file of unsigned bytes; fetch it again";
    }
    TextStream message;
    message << std::hex << "expected magic 0x" << expected << ", found 0x" << found;
    fail("idx", path_, ": ", message.str(), "; ", hint.str());
  }

  /// Bytes that the header promises, refused if the file cannot hold them.
  std::uint64_t checked_bytes(const Shape& shape) const {
    // An axis of length 0 empties the tensor; its strides are counted without it all the same.
    std::int64_t stride = 1;
    for (const std::int64_t size : shape) {
      if (__builtin_mul_overflow(stride, size == 0 ? 1 : size, &stride)) {
        fail("idx", path_, ": the header promises ", to_string(shape),
             " bytes, more than can be counted; the file is damaged");
      }
    }
    const auto promised = static_cast<std::uint64_t>(shape.numel());
    if (promised <= source_->max_bytes() && header_bytes_ <= source_->max_bytes() - promised) {
      return promised;
    }
    if (!source_->compressed()) {
      fail_truncated(shape, promised, source_->max_bytes() - header_bytes_);
    }
    fail("idx", path_, ": the header promises ", to_string(shape), " = ", promised,
         " bytes, and a compressed file of this size holds at most ", source_->max_bytes(),
         "; the file is damaged");
  }

  [[noreturn]] void fail_truncated(const Shape& shape, std::uint64_t promised,
                                   std::uint64_t found) const {
    fail("idx", path_, ": truncated: the header promises ", to_string(shape), " = ", promised,
         " bytes, and ", found, " follow it; fetch the file again");
  }

  [[noreturn]] void fail_oversized(const Shape& shape, std::uint64_t promised) const {
    TextStream found;
    if (source_->compressed()) {
      found << "more";
    } else {
      found << source_->max_bytes() - header_bytes_;
    }
    fail("idx", path_, ": oversized: the header promises ", to_string(shape), " = ", promised,
         " bytes, and ", found.str(), " follow it; fetch the file again");
  }

  std::string path_;
  std::size_t rank_;
  std::unique_ptr<ByteSource> source_;
  std::size_t header_bytes_ = 0;
};

}  // namespace

Tensor read_idx(const std::filesystem::path& path, std::size_t expected_rank) {
  if (expected_rank < 1 || expected_rank > Shape::max_rank) {
    fail("idx", path.string(), ": cannot be read as rank ", expected_rank, "; give 1 to ",
         Shape::max_rank);
  }
  return IdxReader(path, expected_rank).read();
}

}  // namespace plastic::data

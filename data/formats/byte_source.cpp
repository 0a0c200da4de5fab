#include "data/formats/byte_source.h"

#include <array>
#include <utility>

#include "data/formats/gzip.h"
#include "data/formats/input_file.h"
#include "data/formats/xz.h"

namespace plastic::data {
namespace {

constexpr std::array<std::uint8_t, 6> xz_magic = {0xfd, '7', 'z', 'X', 'Z', 0x00};

class PlainSource final : public ByteSource {
 public:
  explicit PlainSource(InputFile file) : file_(std::move(file)) {}

  std::size_t read(std::span<std::uint8_t> out) override { return file_.read(out); }
  std::uint64_t max_bytes() const override { return file_.size(); }
  bool compressed() const override { return false; }

 private:
  InputFile file_;
};

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const char* op, const std::filesystem::path& path) {
  InputFile file(op, path);
  std::array<std::uint8_t, 6> first = {};
  const std::size_t count = file.read(first);
  file.rewind();
  if (count >= 2 && first[0] == 0x1f && first[1] == 0x8b) return open_gzip(std::move(file));
  if (count == xz_magic.size() && first == xz_magic) return open_xz(std::move(file));
  return std::make_unique<PlainSource>(std::move(file));
}

}  // namespace plastic::data

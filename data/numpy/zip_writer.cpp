#include <span>

#include "core/check.h"
#include "core/io/crc32.h"
#include "core/io/little_endian.h"
#include "data/numpy/deflate.h"
#include "data/numpy/zip_archive.h"

namespace plastic::data {
namespace {

constexpr std::uint16_t version = 20;
/// Names are UTF-8.
constexpr std::uint16_t flags = 1U << 11U;
/// The first of January 1980, so that the same arrays give the same bytes.
constexpr std::uint16_t time_of_day = 0, date = 1U << 5U | 1U;
constexpr std::uint64_t limit = 0xFFFFFFFF;
constexpr std::uint64_t max_count = 0xFFFF;

std::string u16(std::uint64_t value) { return little_endian(static_cast<std::uint16_t>(value)); }
std::string u32(std::uint64_t value) { return little_endian(static_cast<std::uint32_t>(value)); }

}  // namespace

void ZipWriter::put(std::string text) {
  size_ += text.size();
  texts_.push_back(std::make_unique<std::string>(std::move(text)));
  views_.emplace_back(*texts_.back());
}

void ZipWriter::add(const std::string& name, ZipMethod method,
                    std::vector<std::string_view> parts) {
  std::uint32_t checksum = 0;
  std::uint64_t size = 0;
  for (const std::string_view part : parts) {
    checksum = crc32({reinterpret_cast<const std::uint8_t*>(part.data()), part.size()}, checksum);
    size += part.size();
  }
  std::uint64_t packed_size = size;
  if (method == ZipMethod::deflated) {
    std::string whole;
    whole.reserve(static_cast<std::size_t>(size));
    for (const std::string_view part : parts) whole += part;
    texts_.push_back(std::make_unique<std::string>(deflated(path_ + ": " + name, whole)));
    parts = {*texts_.back()};
    packed_size = parts.front().size();
  }
  if (size_ + packed_size + directory_.size() + 2 * name.size() + 1024 >= limit || size >= limit ||
      count_ == max_count) {
    fail("npz", path_, ": with \"", name, "\" it is more than an archive can hold (4 GiB, ",
         max_count, " arrays); save as safetensors");
  }
  // What the file's own header and its line in the list have in common.
  const std::string common = u16(version) + u16(flags) + u16(static_cast<std::uint16_t>(method)) +
                             u16(time_of_day) + u16(date) + u32(checksum) + u32(packed_size) +
                             u32(size) + u16(name.size()) + u16(0);
  directory_ += u32(0x02014b50) + u16(version) + common + u16(0) + u16(0) + u16(0) + u32(0) +
                u32(size_) + name;
  put(u32(0x04034b50) + common + name);
  for (const std::string_view part : parts) views_.push_back(part);
  size_ += packed_size;
  ++count_;
}

std::vector<std::string_view> ZipWriter::finish() {
  const std::uint64_t start = size_;
  const std::uint64_t length = directory_.size();
  put(directory_);
  put(u32(0x06054b50) + u16(0) + u16(0) + u16(count_) + u16(count_) + u32(length) + u32(start) +
      u16(0));
  return views_;
}

}  // namespace plastic::data

#include "tests/data/files.h"

#include <algorithm>
#include <fstream>

#include "plastic/core/error.h"

namespace plastic::test {
namespace {

void append_little_endian(Bytes& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace

std::uint64_t hash(std::span<const std::uint8_t> bytes) {
  std::uint64_t out = 0xcbf29ce484222325U;
  for (const std::uint8_t byte : bytes) out = (out ^ byte) * 0x100000001b3U;
  return out;
}

Bytes bytes_of(const Tensor& images) { return images.to_vector<std::uint8_t>(); }

void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  std::filesystem::create_directories(path.parent_path());
  // Some file systems flush a file that is cut to nothing and written again.
  std::filesystem::remove(path);
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

Bytes idx_bytes(std::initializer_list<std::uint32_t> dims, std::span<const std::uint8_t> payload) {
  Bytes out = {0, 0, 8, static_cast<std::uint8_t>(dims.size())};
  for (const std::uint32_t dim : dims) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      out.push_back(static_cast<std::uint8_t>(dim >> shift));
    }
  }
  return std::move(out) + payload;
}

std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

Bytes deflate_stored(std::span<const std::uint8_t> bytes) {
  Bytes out;
  std::span<const std::uint8_t> rest = bytes;
  do {
    const auto block = rest.first(std::min<std::size_t>(rest.size(), 65535));
    rest = rest.subspan(block.size());
    out.push_back(rest.empty() ? 1 : 0);
    append_little_endian(out, static_cast<std::uint32_t>(block.size()), 2);
    append_little_endian(out, ~static_cast<std::uint32_t>(block.size()), 2);
    out.insert(out.end(), block.begin(), block.end());
  } while (!rest.empty());
  return out;
}

Bytes gzip_stored(std::span<const std::uint8_t> bytes) {
  Bytes out = Bytes{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255} + deflate_stored(bytes);
  append_little_endian(out, crc32(bytes), 4);
  append_little_endian(out, static_cast<std::uint32_t>(bytes.size()), 4);
  return out;
}

Bytes operator+(Bytes a, std::span<const std::uint8_t> b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace plastic::test

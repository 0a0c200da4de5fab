#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace plastic::data {

/// The bytes of a file, decompressed where need be, from first to last.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Fills `out` from the front and returns how many bytes it filled: fewer than asked only at the
  /// end. Throws Error when the file cannot be read or is corrupt.
  virtual std::size_t read(std::span<std::uint8_t> out) = 0;

  /// An upper bound on the bytes that can come out in all, known before any is read.
  virtual std::uint64_t max_bytes() const = 0;

  /// Whether the file is compressed; max_bytes() is then generous, otherwise exact.
  virtual bool compressed() const = 0;
};

/// Opens a file for reading; gzip is recognised by its first two bytes, 1f 8b, and xz by its first
/// six, fd "7zXZ" 00. Throws Error with the prefix [op], naming the path, unless it is a regular
/// file that can be opened.
std::unique_ptr<ByteSource> open_bytes(const char* op, const std::filesystem::path& path);

}  // namespace plastic::data

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plastic::test {

using Bytes = std::vector<std::uint8_t>;

/// A folder that is there while this lives.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Sets an environment variable, or removes it when `value` is null, while this lives.
class ScopedEnv {
 public:
  ScopedEnv(const char* name, const char* value);
  ~ScopedEnv();
  ScopedEnv(const ScopedEnv&) = delete;
  ScopedEnv& operator=(const ScopedEnv&) = delete;

 private:
  void set(const char* value) const;

  const char* name_;
  bool was_set_;
  std::string before_;
};

/// Writes a file, with the folders above it.
void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

/// An IDX file of unsigned bytes: the header for `dims` and `payload`, whether they agree or not.
Bytes idx_bytes(std::initializer_list<std::uint32_t> dims, std::span<const std::uint8_t> payload);

/// The checksum of RFC 1952, section 8.
std::uint32_t crc32(std::span<const std::uint8_t> bytes);

/// `bytes` as uncompressed blocks of RFC 1951.
Bytes deflate_stored(std::span<const std::uint8_t> bytes);

/// `bytes` as one gzip member of uncompressed blocks.
Bytes gzip_stored(std::span<const std::uint8_t> bytes);

Bytes operator+(Bytes a, std::span<const std::uint8_t> b);

/// The message of the plastic::Error that `action` throws, or "no error".
std::string error_of(const std::function<void()>& action);

/// Whether `text` has all of `parts` in it.
bool contains(std::string_view text, std::initializer_list<std::string_view> parts);

}  // namespace plastic::test

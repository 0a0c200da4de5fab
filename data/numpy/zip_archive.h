#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/regular_file.h"
#include "data/formats/byte_source.h"

/// ZIP archives, as far as .npz files need them: PKWARE's APPNOTE 6.3.
namespace plastic::data {

enum class ZipMethod : std::uint16_t { stored = 0, deflated = 8 };

/// A file in an archive.
struct ZipEntry {
  std::string name;
  ZipMethod method = ZipMethod::stored;
  std::uint32_t checksum = 0;
  /// Its bytes in the archive and by themselves.
  std::uint64_t packed_size = 0, size = 0;
  /// Where its own header begins.
  std::uint64_t offset = 0;
};

/// An archive open for reading. Files are not trusted: functions throw Error naming the path.
class ZipReader {
 public:
  explicit ZipReader(const std::filesystem::path& path);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// The bytes of an entry, decompressed; the checksum is verified where they end. The reader must
  /// outlive it.
  std::unique_ptr<ByteSource> open(const ZipEntry& entry);

 private:
  std::string read(std::uint64_t offset, std::uint64_t size);
  void read_directory(std::uint64_t offset, std::uint64_t size, std::uint64_t count);
  ZipEntry read_entry(std::string_view directory, std::size_t& at) const;
  std::uint64_t start_of(const ZipEntry& entry);
  void check_disjoint() const;

  std::string name_;
  RegularFile file_;
  std::vector<ZipEntry> entries_;
};

/// An archive in parts, which refer to the entries' bytes.
class ZipWriter {
 public:
  explicit ZipWriter(std::string path) : path_(std::move(path)) {}

  /// Adds a file of `parts`, one after the other, which must stay where they are; those of a
  /// deflated one are kept here. Throws Error past 4 GiB.
  void add(const std::string& name, ZipMethod method, std::vector<std::string_view> parts);
  /// The whole archive; valid while this lives.
  std::vector<std::string_view> finish();

 private:
  void put(std::string text);

  std::string path_;
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<std::string_view> views_;
  std::string directory_;
  std::uint64_t size_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace plastic::data

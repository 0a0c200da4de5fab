#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/io/crc32.h"
#include "core/io/little_endian.h"
#include "data/numpy/deflate.h"
#include "data/numpy/zip_archive.h"

namespace plastic::data {
namespace {

constexpr const char* op = "npz";

// Records, by what they begin with, and their sizes without names and the like.
constexpr std::uint32_t entry_mark = 0x04034b50, directory_mark = 0x02014b50, end_mark = 0x06054b50,
                        end64_mark = 0x06064b50, locator_mark = 0x07064b50;
constexpr std::size_t entry_size = 30, directory_size = 46, end_size = 22, end64_size = 56,
                      locator_size = 20;
/// What stands for a number that does not fit, which then follows elsewhere.
constexpr std::uint32_t elsewhere = 0xFFFFFFFF;
constexpr std::uint16_t elsewhere16 = 0xFFFF;
constexpr std::size_t max_comment = 0xFFFF;
// Deflate makes at most 258 bytes of two bits, and so 1032 of a byte.
constexpr std::uint64_t max_expansion = 1032;

std::uint16_t u16(std::string_view bytes, std::size_t at) {
  return from_little_endian<std::uint16_t>(bytes, at);
}
std::uint32_t u32(std::string_view bytes, std::size_t at) {
  return from_little_endian<std::uint32_t>(bytes, at);
}
std::uint64_t u64(std::string_view bytes, std::size_t at) {
  return from_little_endian<std::uint64_t>(bytes, at);
}

/// Some bytes of a file.
class Piece final : public ByteSource {
 public:
  Piece(std::string name, RegularFile& file, std::uint64_t begin, std::uint64_t size)
      : name_(std::move(name)), file_(file), at_(begin), left_(size), size_(size) {}

  std::size_t read(std::span<std::uint8_t> out) override {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_));
    const std::size_t count = file_.read(at_, {reinterpret_cast<char*>(out.data()), wanted});
    if (!file_.problem().empty()) fail(op, name_, ": cannot read: ", file_.problem());
    if (count < wanted) fail(op, name_, ": ends too soon");
    at_ += count;
    left_ -= count;
    return count;
  }

  std::uint64_t max_bytes() const override { return size_; }
  bool compressed() const override { return false; }

 private:
  std::string name_;
  RegularFile& file_;
  std::uint64_t at_, left_, size_;
};

/// The bytes of an entry, with their number and checksum verified at the end.
class Verified final : public ByteSource {
 public:
  Verified(std::string name, std::unique_ptr<ByteSource> inner, const ZipEntry& entry)
      : name_(std::move(name)), inner_(std::move(inner)), entry_(entry) {}

  std::size_t read(std::span<std::uint8_t> out) override {
    const std::size_t count = inner_->read(out);
    crc_ = crc32(out.first(count), crc_);
    given_ += count;
    if (count < out.size() && (given_ != entry_.size || crc_ != entry_.checksum)) {
      fail(op, name_, ": damaged: the checksum of its bytes is another; fetch the file again");
    }
    return count;
  }

  std::uint64_t max_bytes() const override { return entry_.size; }
  bool compressed() const override { return inner_->compressed(); }

 private:
  std::string name_;
  std::unique_ptr<ByteSource> inner_;
  ZipEntry entry_;
  std::uint32_t crc_ = 0;
  std::uint64_t given_ = 0;
};

/// Replaces the numbers that did not fit by those of the entry's ZIP64 field.
void take_wide_numbers(const std::string& name, std::string_view extra, ZipEntry& entry) {
  while (extra.size() >= 4) {
    const std::size_t size = u16(extra, 2);
    if (size > extra.size() - 4) break;
    if (u16(extra, 0) == 1) {
      std::string_view numbers = extra.substr(4, size);
      for (std::uint64_t* number : {&entry.size, &entry.packed_size, &entry.offset}) {
        if (*number != elsewhere) continue;
        if (numbers.size() < 8) fail(op, name, ": \"", entry.name, "\" has no size");
        *number = u64(numbers, 0);
        numbers.remove_prefix(8);
      }
      return;
    }
    extra.remove_prefix(4 + size);
  }
}

}  // namespace

ZipReader::ZipReader(const std::filesystem::path& path) : name_(path.string()), file_(path) {
  if (!file_.problem().empty()) fail(op, name_, ": cannot open: ", file_.problem());
  const std::uint64_t tail = std::min<std::uint64_t>(file_.size(), end_size + max_comment);
  const std::string end = read(file_.size() - tail, tail);
  // A comment of any length may follow the record.
  std::size_t at = end.size() < end_size ? 0 : end.size() - end_size + 1;
  while (at > 0 && (u32(end, at - 1) != end_mark ||
                    u16(end, at - 1 + 20) != end.size() - (at - 1) - end_size)) {
    --at;
  }
  if (at == 0) fail(op, name_, ": is not an archive of NumPy (.npz), which is a ZIP file");
  --at;
  std::uint64_t count = u16(end, at + 10);
  std::uint64_t size = u32(end, at + 12);
  std::uint64_t offset = u32(end, at + 16);
  if ((count == elsewhere16 || size == elsewhere || offset == elsewhere) && at >= locator_size &&
      u32(end, at - locator_size) == locator_mark) {
    const std::string wide = read(u64(end, at - locator_size + 8), end64_size);
    if (u32(wide, 0) != end64_mark) fail(op, name_, ": its list of files is not where it says");
    count = u64(wide, 32);
    size = u64(wide, 40);
    offset = u64(wide, 48);
  }
  read_directory(offset, size, count);
  check_disjoint();
}

std::string ZipReader::read(std::uint64_t offset, std::uint64_t size) {
  if (offset > file_.size() || size > file_.size() - offset) {
    fail(op, name_, ": says of ", size, " bytes that they are at byte ", offset, " of ",
         file_.size());
  }
  std::string bytes;
  // On systems of 32 bits.
  if (size > bytes.max_size()) fail(op, name_, ": has ", size, " bytes in one piece; give less");
  bytes.resize(static_cast<std::size_t>(size));
  const std::size_t count = file_.read(offset, bytes);
  if (!file_.problem().empty()) fail(op, name_, ": cannot read: ", file_.problem());
  if (count < size) fail(op, name_, ": ends at byte ", offset + count);
  return bytes;
}

void ZipReader::read_directory(std::uint64_t offset, std::uint64_t size, std::uint64_t count) {
  const std::string directory = read(offset, size);
  std::size_t at = 0;
  while (at < directory.size()) entries_.push_back(read_entry(directory, at));
  if (entries_.size() != count) {
    fail(op, name_, ": lists ", entries_.size(), " files and says that there are ", count);
  }
}

ZipEntry ZipReader::read_entry(std::string_view directory, std::size_t& at) const {
  if (directory.size() - at < directory_size || u32(directory, at) != directory_mark) {
    fail(op, name_, ": its list of files is damaged");
  }
  const std::size_t name_size = u16(directory, at + 28);
  const std::size_t extra_size = u16(directory, at + 30);
  const std::size_t whole = directory_size + name_size + extra_size + u16(directory, at + 32);
  if (directory.size() - at < whole) fail(op, name_, ": its list of files is damaged");
  ZipEntry entry{.name = std::string(directory.substr(at + directory_size, name_size)),
                 .checksum = u32(directory, at + 16),
                 .packed_size = u32(directory, at + 20),
                 .size = u32(directory, at + 24),
                 .offset = u32(directory, at + 42)};
  if ((u16(directory, at + 8) & 1U) != 0) fail(op, name_, ": \"", entry.name, "\" is encrypted");
  const std::uint16_t method = u16(directory, at + 10);
  if (method != 0 && method != 8) {
    fail(op, name_, ": \"", entry.name, "\" is compressed by method ", method,
         "; 0 (stored) and 8 (deflated) can be read");
  }
  entry.method = static_cast<ZipMethod>(method);
  take_wide_numbers(name_, directory.substr(at + directory_size + name_size, extra_size), entry);
  const bool fits = entry.method == ZipMethod::stored
                        ? entry.size == entry.packed_size
                        : entry.size / max_expansion <= entry.packed_size;
  if (!fits) {
    fail(op, name_, ": \"", entry.name, "\" cannot be ", entry.size, " bytes of ",
         entry.packed_size);
  }
  at += whole;
  return entry;
}

std::uint64_t ZipReader::start_of(const ZipEntry& entry) {
  const std::string header = read(entry.offset, entry_size);
  if (u32(header, 0) != entry_mark) {
    fail(op, name_, ": \"", entry.name, "\" is not where the list of files says");
  }
  return entry.offset + entry_size + u16(header, 26) + u16(header, 28);
}

// Files that share their bytes would be more in memory than the archive has.
void ZipReader::check_disjoint() const {
  std::vector<const ZipEntry*> sorted;
  for (const ZipEntry& entry : entries_) sorted.push_back(&entry);
  std::ranges::sort(sorted, {}, &ZipEntry::offset);
  std::uint64_t end = 0;
  for (const ZipEntry* entry : sorted) {
    if (entry->offset < end ||
        entry->packed_size > file_.size() - std::min(entry->offset, file_.size())) {
      fail(op, name_, ": \"", entry->name, "\" lies over another file or beyond the end");
    }
    end = entry->offset + entry->packed_size;
  }
}

std::unique_ptr<ByteSource> ZipReader::open(const ZipEntry& entry) {
  const std::string name = name_ + ": " + entry.name;
  const std::uint64_t start = start_of(entry);
  if (start > file_.size() || entry.packed_size > file_.size() - start) {
    fail(op, name_, ": \"", entry.name, "\" ends beyond the file");
  }
  std::unique_ptr<ByteSource> bytes =
      std::make_unique<Piece>(name, file_, start, entry.packed_size);
  if (entry.method == ZipMethod::deflated) bytes = inflated(name, std::move(bytes), entry.size);
  return std::make_unique<Verified>(name, std::move(bytes), entry);
}

}  // namespace plastic::data

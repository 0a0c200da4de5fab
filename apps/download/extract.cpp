#include "apps/download/extract.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>

#include "apps/download/part_file.h"
#include "apps/download/sha256.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block_bytes = 1 << 18;

struct ReaderDeleter {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

bool leaves_folder(const fs::path& path) {
  return path.is_absolute() || std::ranges::find(path, "..") != path.end();
}

class Extraction {
 public:
  Extraction(const fs::path& path, const fs::path& folder)
      : name_(path.string()), folder_(folder), reader_(archive_read_new()) {
    if (!reader_) throw std::bad_alloc();
    archive_read_support_filter_gzip(reader_.get());
    archive_read_support_format_tar(reader_.get());
    check(archive_read_open_filename(reader_.get(), path.c_str(), block_bytes));
  }

  std::vector<std::pair<std::string, std::string>> take(const std::vector<ArchiveMember>& members) {
    std::vector<std::pair<std::string, std::string>> sums;
    archive_entry* entry = nullptr;
    for (int code; (code = archive_read_next_header(reader_.get(), &entry)) != ARCHIVE_EOF;) {
      check(code);
      const char* text = archive_entry_pathname(entry);
      const std::string path = text == nullptr ? "" : text;
      if (leaves_folder(path)) fail("data", name_, ": ", path, " leads out of the folder; refused");
      const auto member = std::ranges::find(members, path, &ArchiveMember::path);
      if (member == members.end()) continue;
      const std::string name = member->name();
      for (const auto& taken : sums) {
        if (taken.first == name) fail("data", name_, ": ", path, " is given twice");
      }
      sums.emplace_back(name, take_one(entry, *member));
    }
    for (const ArchiveMember& member : members) {
      const auto is_it = [&](const auto& taken) { return taken.first == member.name(); };
      if (std::ranges::none_of(sums, is_it)) fail("data", name_, ": lacks ", member.path);
    }
    return sums;
  }

 private:
  void check(int code) const {
    if (code == ARCHIVE_OK) return;
    const char* reason = archive_error_string(reader_.get());
    fail("data", name_, ": cannot read the archive: ", reason == nullptr ? "damaged" : reason);
  }

  std::string take_one(archive_entry* entry, const ArchiveMember& member) const {
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
      fail("data", name_, ": ", member.path, " is not a regular file; refused");
    }
    const auto bytes = static_cast<std::uint64_t>(archive_entry_size(entry));
    if (bytes != member.bytes) {
      fail("data", name_, ": ", member.path, " has ", bytes, " bytes, expected ", member.bytes);
    }
    PartFile file(folder_ / member.name());
    file.clear();
    Sha256 sum;
    std::vector<std::uint8_t> block(block_bytes);
    for (;;) {
      const la_ssize_t count = archive_read_data(reader_.get(), block.data(), block.size());
      if (count == 0) break;
      if (count < 0) {
        file.clear();
        check(static_cast<int>(count));
      }
      const auto piece =
          std::span<const std::uint8_t>(block).first(static_cast<std::size_t>(count));
      sum.add(piece);
      file.write(piece);
    }
    if (file.size() != member.bytes) {
      file.clear();
      fail("data", name_, ": ", member.path, " is cut short");
    }
    file.finish();
    return sum.hex();
  }

  std::string name_;
  const fs::path& folder_;
  std::unique_ptr<archive, ReaderDeleter> reader_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> extract_members(
    const fs::path& archive, const std::vector<ArchiveMember>& members, const fs::path& folder) {
  return Extraction(archive, folder).take(members);
}

}  // namespace plastic::apps

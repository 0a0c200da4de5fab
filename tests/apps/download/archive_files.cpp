#include "tests/apps/download/archive_files.h"

#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>

#include <string_view>

namespace plastic::test {

std::string tar_gz(const std::vector<ArchiveEntry>& entries) {
  std::string bytes;
  archive* writer = archive_write_new();
  archive_write_add_filter_gzip(writer);
  archive_write_set_format_pax_restricted(writer);
  archive_write_set_bytes_in_last_block(writer, 1);
  const auto append = [](archive*, void* to, const void* from, std::size_t count) {
    *static_cast<std::string*>(to) += std::string_view(static_cast<const char*>(from), count);
    return static_cast<la_ssize_t>(count);
  };
  REQUIRE(archive_write_open(writer, &bytes, nullptr, append, nullptr) == ARCHIVE_OK);
  for (const ArchiveEntry& entry : entries) {
    archive_entry* header = archive_entry_new();
    archive_entry_set_pathname(header, entry.path.c_str());
    archive_entry_set_perm(header, 0644);
    archive_entry_set_filetype(header, entry.link.empty() ? AE_IFREG : AE_IFLNK);
    archive_entry_set_size(header, std::ssize(entry.content));
    if (!entry.link.empty()) archive_entry_set_symlink(header, entry.link.c_str());
    REQUIRE(archive_write_header(writer, header) == ARCHIVE_OK);
    REQUIRE(archive_write_data(writer, entry.content.data(), entry.content.size()) ==
            std::ssize(entry.content));
    archive_entry_free(header);
  }
  REQUIRE(archive_write_close(writer) == ARCHIVE_OK);
  archive_write_free(writer);
  return bytes;
}

}  // namespace plastic::test

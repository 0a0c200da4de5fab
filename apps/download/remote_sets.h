#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace plastic::apps {

/// A file that an archive holds.
struct ArchiveMember {
  /// Its whole path in the archive; it is kept under its last name.
  std::string path;
  std::uint64_t bytes = 0;

  std::string name() const { return std::filesystem::path(path).filename().string(); }
};

/// A file as its publisher offers it.
struct RemoteFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::string sha256 = {};
  /// Of a gzip file, what it holds: copies that were compressed again are right too.
  std::uint64_t content_bytes = 0;
  std::string content_sha256 = {};
  /// Of an archive (tar, compressed), what is taken from it; other files have none.
  std::vector<ArchiveMember> members = {};

  bool is_archive() const { return !members.empty(); }
};

/// A data set that can be downloaded.
struct RemoteSet {
  /// As in the catalog.
  std::string name;
  /// Where its files are, up to and without the last slash.
  std::string home;
  std::vector<RemoteFile> files;

  /// To be fetched.
  std::uint64_t bytes() const;
};

/// The sets of the catalog that can be downloaded.
const std::vector<RemoteSet>& remote_sets();

/// Null for a name that is not among them.
const RemoteSet* find_remote_set(const std::string& name);

/// The folder that `plastic data get` puts a set into: `name` in `data_dir` or in ~/.cache/plastic.
/// Throws Error when there is neither.
std::filesystem::path folder_to_fill(const std::string& name,
                                     const std::optional<std::filesystem::path>& data_dir);

/// The command that fetches a set into that folder.
std::string get_command(const std::string& name,
                        const std::optional<std::filesystem::path>& data_dir);

/// What must be there for the set to be read.
struct ExpectedFile {
  /// The usual name first; which of them, also with .gz or .xz added, does not matter.
  std::vector<std::string> names;
  /// Of the content, once decompressed.
  std::uint64_t bytes = 0;
  /// Empty where it is not known.
  std::string sha256;
};
/// Of a downloaded file: itself, or the members of an archive.
std::vector<ExpectedFile> expected_files(const RemoteFile& file);

/// The copies of an expected file that `folder` has.
std::vector<std::filesystem::path> copies_in(const std::filesystem::path& folder,
                                             const ExpectedFile& expected);

/// "162 MB", "5.1 kB": decimal, as disks are sold.
std::string format_bytes(std::uint64_t bytes);

}  // namespace plastic::apps

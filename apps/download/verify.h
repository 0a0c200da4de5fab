#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "apps/download/remote_sets.h"

namespace plastic::apps {

enum class FileState {
  right,
  /// Its content is not the published one.
  wrong,
  missing,
  /// There, but with nothing to check it against.
  unknown,
};

struct FileReport {
  std::filesystem::path path;
  FileState state = FileState::missing;
  /// What is wrong, in words; empty when right.
  std::string remark;
};

/// Compares the content of each file of a set, plain or compressed, with its checksum. The files of
/// an archive are compared with the checksums saved when they were unpacked. Throws Error when this
/// build does not compute checksums.
std::vector<FileReport> inspect(const RemoteSet& set, const std::filesystem::path& folder);

/// The same for one downloaded file of the set.
std::vector<FileReport> inspect(const RemoteSet& set, const RemoteFile& file,
                                const std::filesystem::path& folder);

/// Saves the checksums of what was unpacked from an archive, in the format of sha256sum, as
/// FOLDER/NAME.sha256. Throws Error.
void record_members(const RemoteSet& set, const std::filesystem::path& folder,
                    const std::vector<std::pair<std::string, std::string>>& sums);

}  // namespace plastic::apps

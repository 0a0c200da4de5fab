#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "apps/download/remote_sets.h"

namespace plastic::apps {

/// Takes `members` out of a tar archive, compressed or not, into `folder`, each under its last
/// name, and gives these names with the files' SHA-256. Each file takes its name when it is whole.
/// The archive is untrusted: what is not asked for is passed over, and it throws Error naming the
/// archive when one of its paths leaves the folder, when a member is missing, there twice, no
/// regular file or of another size, and when the archive is damaged.
std::vector<std::pair<std::string, std::string>> extract_members(
    const std::filesystem::path& archive, const std::vector<ArchiveMember>& members,
    const std::filesystem::path& folder);

}  // namespace plastic::apps

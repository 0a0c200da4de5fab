#pragma once

#include <filesystem>

namespace plastic {

/// How many processors' worth of time this process may use, at least 1: those of its affinity mask,
/// and no more than the quota of its control group and of those above it (cpu.max of version 2,
/// cpu.cfs_quota_us of version 1), rounded up.
int usable_processors();

/// The quota alone, as the files under `root` tell it; 0 where there is none.
int quota_of_processors(const std::filesystem::path& root = "/");

}  // namespace plastic

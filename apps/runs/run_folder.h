#pragma once

#include <filesystem>

#include "apps/runs/folder_lock.h"

namespace plastic::apps {

/// Makes `folder` ready for a run before any work is done: creates it, locks it, checks that files
/// can be written there, and refuses a folder that already holds something unless `overwrite`.
/// Throws Error naming the folder and what to do.
[[nodiscard]] FolderLock prepare_run_folder(const std::filesystem::path& folder, bool overwrite);

/// The same for the folder of a run in that of a comparison, which may have come from elsewhere:
/// refuses a link to another folder, unless that is empty or holds a run.
[[nodiscard]] FolderLock prepare_inner_run_folder(const std::filesystem::path& folder,
                                                  bool overwrite);

/// Removes what killed programs left half written in a run folder, which is locked.
void tidy_run_folder(const std::filesystem::path& folder);

/// Lets nobody read new files of a run whose files they may not read: narrows the umask.
void keep_private(const std::filesystem::path& folder);

}  // namespace plastic::apps

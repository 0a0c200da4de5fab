#pragma once

#include <filesystem>

namespace plastic::apps {

/// Makes `folder` ready for a run before any work is done: creates it, checks that files can be
/// written there, and refuses a folder that already holds something unless `overwrite`. Throws
/// Error naming the folder and what to do.
void prepare_run_folder(const std::filesystem::path& folder, bool overwrite);

}  // namespace plastic::apps

#pragma once

#include <filesystem>

#include "apps/cli/run_options.h"

namespace plastic::apps {

/// All options of the run in `folder`, as its config.toml has them, with the optimizer's settings
/// resolved. Throws Error for a folder that holds no run, or whose config.toml cannot be
/// understood.
RunOptions read_run_options(const std::filesystem::path& folder);

}  // namespace plastic::apps

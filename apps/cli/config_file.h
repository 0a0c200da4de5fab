#pragma once

#include <string>

#include "apps/cli/run_options.h"

namespace plastic::apps {

/// Everything that decides a run, as TOML for `plastic train --config`: what the options'
/// table prints of `options`, whose run's optimizer is resolved.
std::string config_text(const RunOptions& options);

}  // namespace plastic::apps

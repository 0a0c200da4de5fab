#pragma once

#include "apps/cli/run_options.h"

namespace CLI {
class App;
}

namespace plastic::apps {

/// Adds those of the options' table that optimizers have, for a command that makes optimizers and
/// no runs.
void add_optimizer_options(CLI::App& command, RunOptions& options);

}  // namespace plastic::apps

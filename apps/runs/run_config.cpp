#include "apps/runs/run_config.h"

#include <system_error>

#include "apps/cli/config_reader.h"
#include "apps/cli/option_table.h"
#include "apps/cli/values.h"
#include "apps/runs/run_file_names.h"
#include "apps/training/optimizer_overrides.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

void take(RunOptions& options, const ConfigEntry& entry) {
  const Option* option = find_option(entry.key);
  if (option == nullptr || !option->take) return;
  try {
    option->take(options, entry.value);
  } catch (const UsageError& error) {
    throw UsageError("--" + entry.key + ": " + error.what());
  }
}

}  // namespace

RunOptions read_run_options(const std::filesystem::path& folder) {
  const std::filesystem::path config = folder / config_file;
  std::error_code unreadable;
  if (!std::filesystem::exists(config, unreadable)) {
    fail("run", folder.string(), ": has no config.toml, so it is not the folder of a run; ",
         "'plastic train --out' makes one");
  }
  RunOptions options;
  try {
    for (const ConfigEntry& entry : read_config(config)) take(options, entry);
    settle(options);
    options.run.optimizer = resolve_settings(options.optimizer, options.paper, options.overrides);
  } catch (const UsageError& error) {
    fail("run", config.string(), ": ", error.what());
  }
  return options;
}

}  // namespace plastic::apps

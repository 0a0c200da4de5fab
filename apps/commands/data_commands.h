#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "apps/download/remote_sets.h"

namespace CLI {
class App;
}

namespace plastic::apps {

/// The commands under `plastic data`, as in apps/commands/commands.h.
void add_data_list(CLI::App& data);
void add_data_get(CLI::App& data);
void add_data_verify(CLI::App& data);
void add_data_show(CLI::App& data);

/// Which set, and where.
struct DataChoice {
  const RemoteSet* set = nullptr;
  std::optional<std::filesystem::path> data_dir;
};

/// Adds the name of a set that can be downloaded; a generated one is a UsageError.
void add_set_name(CLI::App& command, const std::shared_ptr<DataChoice>& choice);

}  // namespace plastic::apps

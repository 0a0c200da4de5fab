#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plastic/core/state_dict.h"

// The networks that a run keeps on its way: epoch-N.safetensors, with --keep-every.
namespace plastic::apps {

struct KeptNetwork {
  int epoch = 0;
  std::filesystem::path path;
};

/// Whether a file is called as they are.
bool is_name_of_kept_network(const std::filesystem::path& path);

/// Those in a folder, by epoch; none where there is no folder.
std::vector<KeptNetwork> kept_networks(const std::filesystem::path& folder);

/// Writes the one after `epoch`, 0 for the initial network. `data` as in Checkpoint.
void keep_network(const std::filesystem::path& folder, int epoch, const std::string& data,
                  const StateDict& model);

/// Removes those of an old run.
void remove_kept_networks(const std::filesystem::path& folder);

}  // namespace plastic::apps

#include "apps/runs/kept_networks.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <system_error>

#include "apps/cli/run_options.h"
#include "apps/cli/values.h"
#include "apps/runs/run_files.h"
#include "plastic/core/safetensors.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view beginning = "epoch-";

// The epoch in the name of a kept network's file; none in somebody else's.
std::optional<int> epoch_of(const fs::path& path) {
  const std::string stem = path.stem().string();
  if (path.extension() != ".safetensors" || !stem.starts_with(beginning)) return std::nullopt;
  try {
    return static_cast<int>(parse_integer(stem.substr(beginning.size()), 0, max_epochs));
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

}  // namespace

bool is_name_of_kept_network(const fs::path& path) { return epoch_of(path).has_value(); }

std::vector<KeptNetwork> kept_networks(const fs::path& folder) {
  std::vector<KeptNetwork> networks;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    if (const std::optional<int> epoch = epoch_of(path)) networks.push_back({*epoch, path});
  }
  std::ranges::sort(networks, {}, &KeptNetwork::epoch);
  return networks;
}

void keep_network(const fs::path& folder, int epoch, const std::string& data,
                  const StateDict& model) {
  const fs::path path = folder / (std::string(beginning) + std::to_string(epoch) + ".safetensors");
  check_run_file("keep", path);
  save_safetensors(path, model, {{"epoch", std::to_string(epoch)}, {"data", data}});
}

void remove_kept_networks(const fs::path& folder) {
  for (const KeptNetwork& network : kept_networks(folder)) remove_run_file(network.path);
}

}  // namespace plastic::apps

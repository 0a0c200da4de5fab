#include "apps/runs/checkpoint.h"

#include <limits>

#include "apps/cli/values.h"
#include "apps/runs/run_files.h"
#include "apps/training/training.h"
#include "core/check.h"
#include "plastic/core/safetensors.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

constexpr const char* format_key = "plastic.checkpoint";
constexpr const char* format_version = "1";

Checkpoint head_of(const fs::path& path, const Metadata& metadata) {
  if (!metadata.contains(format_key) || !metadata.contains("epoch") ||
      !metadata.contains("config")) {
    fail("checkpoint", path.string(), ": is not a checkpoint of plastic train");
  }
  if (metadata.at(format_key) != format_version) {
    fail("checkpoint", path.string(), ": has format ", metadata.at(format_key),
         "; this program reads format ", format_version);
  }
  Checkpoint checkpoint{.config = metadata.at("config"), .state = {}};
  if (metadata.contains("data")) checkpoint.data = metadata.at("data");
  try {
    checkpoint.epoch =
        static_cast<int>(parse_integer(metadata.at("epoch"), 0, std::numeric_limits<int>::max()));
  } catch (const UsageError& wrong) {
    fail("checkpoint", path.string(), ": epoch: ", wrong.what());
  }
  return checkpoint;
}

bool is_missing(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() == fs::file_type::not_found;
}

}  // namespace

fs::path checkpoint_path(const fs::path& folder) { return folder / nn::checkpoint_file; }

fs::path best_path(const fs::path& folder) { return folder / nn::best_file; }

void save_checkpoint(const fs::path& folder, const Checkpoint& checkpoint) {
  check_run_file("checkpoint", checkpoint_path(folder));
  save_safetensors(checkpoint_path(folder), checkpoint.state,
                   {{format_key, format_version},
                    {"epoch", std::to_string(checkpoint.epoch)},
                    {"config", checkpoint.config},
                    {"data", checkpoint.data}});
}

std::optional<Checkpoint> load_checkpoint(const fs::path& folder,
                                          const std::function<void(const Checkpoint&)>& check) {
  const fs::path path = checkpoint_path(folder);
  if (is_missing(path)) return std::nullopt;
  if (check) check(head_of(path, read_safetensors_info(path).metadata));
  Safetensors file = load_safetensors(path);
  Checkpoint checkpoint = head_of(path, file.metadata);
  checkpoint.state = std::move(file.tensors);
  return checkpoint;
}

std::optional<Checkpoint> load_checkpoint_head(const fs::path& folder) {
  const fs::path path = checkpoint_path(folder);
  if (is_missing(path)) return std::nullopt;
  return head_of(path, read_safetensors_info(path).metadata);
}

void save_best(const fs::path& folder, const EpochResult& epoch, const std::string& data,
               const StateDict& model) {
  check_run_file("checkpoint", best_path(folder));
  Metadata metadata = {{"epoch", std::to_string(epoch.epoch)},
                       {"test_accuracy", exact(epoch.test_accuracy)},
                       {"data", data}};
  if (epoch.validation_accuracy) {
    metadata["validation_accuracy"] = exact(*epoch.validation_accuracy);
  }
  save_safetensors(best_path(folder), model, metadata);
}

}  // namespace plastic::apps

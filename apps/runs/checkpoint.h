#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "plastic/core/state_dict.h"

namespace plastic::apps {

struct EpochResult;

/// Where a run stands between two steps.
struct Checkpoint {
  /// Whole epochs done.
  int epoch = 0;
  /// The configuration that the run is made with: the text of its config.toml.
  std::string config;
  /// What the network reads: to_text() of its nn::ClassifierForm.
  std::string data = {};
  /// What Training::state() gives.
  StateDict state;
};

std::filesystem::path checkpoint_path(const std::filesystem::path& folder);
std::filesystem::path best_path(const std::filesystem::path& folder);

/// Replaces FOLDER/checkpoint.safetensors. Throws Error, leaving the old one.
void save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint);

/// Reads FOLDER/checkpoint.safetensors; nothing when there is none. Throws Error for a file that is
/// damaged or something else. `check`, where given, sees the checkpoint without its state before
/// that is read, and may throw: the state of a large run is gigabytes.
std::optional<Checkpoint> load_checkpoint(
    const std::filesystem::path& folder,
    const std::function<void(const Checkpoint& head)>& check = {});

/// The same without the state, of which nothing is read.
std::optional<Checkpoint> load_checkpoint_head(const std::filesystem::path& folder);

/// Replaces FOLDER/best.safetensors by the parameters that a model had after `epoch`; `data` as in
/// Checkpoint.
void save_best(const std::filesystem::path& folder, const EpochResult& epoch,
               const std::string& data, const StateDict& model);

}  // namespace plastic::apps

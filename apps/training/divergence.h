#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "apps/training/optimizers.h"

namespace plastic::apps {

/// How a run ended whose loss stopped being finite.
struct Divergence {
  /// The epoch that was under way, from 1.
  int epoch = 1;
  /// "the loss is not a number in epoch 3, step 7".
  std::string where;
};

/// What to try where a run with these settings diverges: "a smaller --lr", and what else makes its
/// steps large: "a smaller --d-coef or --sam".
std::string divergence_remedy(const OptimizerSettings& settings);

/// The file that a run leaves where it diverged.
std::filesystem::path divergence_path(const std::filesystem::path& folder);

/// Replaces FOLDER/diverged.json.
void save_divergence(const std::filesystem::path& folder, const Divergence& divergence);

/// Reads it; nothing when there is none. The file is not trusted: throws Error of `op` naming it.
std::optional<Divergence> load_divergence(const char* op, const std::filesystem::path& folder);

}  // namespace plastic::apps

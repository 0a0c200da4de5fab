#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "apps/runs/input_form.h"
#include "plastic/core/random.h"
#include "plastic/data/image.h"
#include "plastic/nn/module.h"

namespace plastic::apps {

/// The network of a run folder, in evaluation mode.
struct SavedModel {
  InputForm form;
  /// Where its weights are from.
  std::filesystem::path weights;
  int epoch = 0;
  /// "mlp 784-256-256-10, dropout 0.1".
  std::string description;
  /// What is done with the orientation of an image.
  data::Orientation orientation = data::Orientation::apply;
  /// Evaluating draws nothing from it, but the network refers to it.
  std::unique_ptr<Generator> generator;
  nn::ModulePtr model;
};

/// Reads the network of a run: of its folder, where best.safetensors goes before
/// checkpoint.safetensors, or of one such file. config.toml beside it describes the network; a
/// checkpoint that is given by itself describes its own. The files are not trusted: throws Error
/// naming the one at fault, for files that are missing or damaged, and when they are not of one
/// run.
SavedModel load_saved_model(const std::filesystem::path& run);

/// The options of a config.toml that decide the network. Throws Error.
TrainConfig read_model_config(const std::filesystem::path& path);

}  // namespace plastic::apps

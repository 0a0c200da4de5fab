#pragma once

#include <filesystem>

#include "apps/training/training.h"
#include "plastic/data/image.h"
#include "plastic/nn/saved_classifier.h"

namespace plastic::apps {

/// The network of a run folder, with what is done with the orientation of an image.
struct SavedModel : nn::SavedClassifier {
  data::Orientation orientation = data::Orientation::apply;
};

/// Reads the network of a run as nn::load_run() does, with its configuration. config.toml beside it
/// describes the network; a checkpoint that is given by itself describes its own, and so does a
/// file of `plastic export` in a folder that is not a run's. The files are not trusted: throws
/// Error naming the one at fault, for files that are missing or damaged, and when they are not of
/// one run.
SavedModel load_saved_model(const std::filesystem::path& run);

/// The options of a config.toml that decide the network. Throws Error.
TrainConfig read_model_config(const std::filesystem::path& path);

}  // namespace plastic::apps

#pragma once

#include <filesystem>
#include <string>

#include "apps/cli/device_options.h"
#include "apps/training/training.h"

namespace plastic::apps {

/// What decides a run and is not in its TrainConfig.
struct RunSettings {
  std::string data;
  /// Empty: the usual places.
  std::filesystem::path data_dir;
  /// What the images of a folder are resized to; 0 for other data.
  std::int64_t image_size = 0;
  /// --orientation; empty for other data.
  std::string orientation = {};
  bool skip_bad_images = false;
  int threads = 1;
  Arithmetic arithmetic = {};
  bool keep_best = false;
  /// 0: never.
  int early_stopping = 0;
};

/// Everything that decides a run, as TOML for `plastic train --config`.
std::string config_text(const RunSettings& settings, const TrainConfig& config);

}  // namespace plastic::apps

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// A classifier of images as `plastic train` keeps it.
struct SavedClassifier {
  /// Its row in model_table().
  std::string model;
  /// It reads (N, channels, height, width) f32, where a byte of channel c is
  /// (byte / 255 - mean[c]) / deviation[c].
  std::int64_t channels = 1;
  /// Rows of an image.
  std::int64_t height = 0;
  /// Columns of an image.
  std::int64_t width = 0;
  /// Of each channel, of pixels scaled to [0, 1].
  std::vector<float> mean;
  /// Of each channel, likewise.
  std::vector<float> deviation;
  /// What it tells apart: output i is the logit of class_names[i].
  std::vector<std::string> class_names;
  /// The name of the data set that it was trained on.
  std::string data;
  /// For how many epochs.
  int epoch = 0;
  /// Where its weights are from.
  std::filesystem::path weights;
  /// Evaluating draws nothing from it, but the network refers to it.
  std::unique_ptr<Generator> generator;
  /// In evaluation mode, on the CPU.
  ModulePtr network;
};

/// Reads the network of a run: of the folder that `plastic train --out` made, where
/// best.safetensors goes before checkpoint.safetensors, or of one such file, which needs no folder.
/// Files are not trusted. Throws Error naming the file for what is missing, damaged or of another
/// network, and for files of programs that did not yet note the network in them.
SavedClassifier load_classifier(const std::filesystem::path& run);

}  // namespace plastic::nn

#pragma GCC visibility pop

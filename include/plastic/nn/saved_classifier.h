#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// What a classifier of images is and reads, as its file says.
struct ClassifierForm {
  /// The name of the data set that it was trained on.
  std::string data = {};
  /// It reads (N, channels, height, width) f32, where a byte of channel c is
  /// (byte / 255 - mean[c]) / deviation[c].
  std::int64_t channels = 1;
  /// Rows of an image.
  std::int64_t height = 0;
  /// Columns of an image.
  std::int64_t width = 0;
  /// Of each channel, of pixels scaled to [0, 1].
  std::vector<float> mean = {};
  /// Of each channel, likewise.
  std::vector<float> deviation = {};
  /// What it tells apart: output i is the logit of class_names[i].
  std::vector<std::string> class_names = {};
  /// Its row in model_table().
  std::string model = {};
  /// What makes it, as NamedModelOptions has it.
  std::optional<std::vector<std::int64_t>> hidden = {};
  /// Likewise.
  std::optional<double> dropout = {};
};

/// The network in a line: "mlp 784-256-256-10, dropout 0.1".
std::string describe(const ClassifierForm& form);

/// A classifier of images as `plastic train` keeps it.
struct SavedClassifier : ClassifierForm {
  /// For how many epochs it was trained.
  int epoch = 0;
  /// Where its weights are from.
  std::filesystem::path weights = {};
  /// Evaluating draws nothing from it, but the network refers to it.
  std::unique_ptr<Generator> generator = {};
  /// In evaluation mode, on the CPU.
  ModulePtr network = {};
};

/// Reads the network of a run: of the folder that `plastic train --out` made, where
/// best.safetensors goes before checkpoint.safetensors, or of one such file, which needs no folder.
/// Files are not trusted. Throws Error naming the file for what is missing, damaged or of another
/// network, and for files of programs that did not yet note the network in them.
SavedClassifier load_run(const std::filesystem::path& run);

/// Writes the network and what belongs to it as a file that load_run() reads: a safetensors file
/// of state_dict(), replaced as a whole. Throws Error naming the path.
void save_classifier(const std::filesystem::path& path, const SavedClassifier& classifier);

}  // namespace plastic::nn

#pragma GCC visibility pop

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "plastic/core/safetensors.h"
#include "plastic/core/state_dict.h"

namespace plastic::nn {

/// What the file of a classifier of images says about it, in its metadata.
struct ClassifierForm {
  /// The data set that it was trained on.
  std::string data;
  std::int64_t channels = 1, height = 0, width = 0;
  /// Per channel: a byte is read as (byte / 255 - mean) / deviation.
  std::vector<float> mean, deviation;
  std::vector<std::string> class_names;
  /// What makes it, as NamedModelOptions has it; older files do not say.
  std::string model;
  std::optional<std::vector<std::int64_t>> hidden;
  std::optional<double> dropout;
};

// Files are not trusted. Functions that take the path of a file or folder name it in their errors.

/// Reads the JSON that files keep as "data".
ClassifierForm parse_classifier_form(const std::string& origin, const std::string& text);

/// The file of a run's folder with the network to use: best.safetensors goes before
/// checkpoint.safetensors.
std::filesystem::path weights_in(const std::filesystem::path& folder);

/// What the metadata of a network's file says about `key`.
const std::string& entry_of(const Metadata& metadata, const std::filesystem::path& origin,
                            const char* key);

/// The epochs that the network was trained for; at least 1.
int trained_epochs(const Metadata& metadata, const std::filesystem::path& origin);

/// Throws Error unless the file holds the tensors of `model`, with its names and shapes. The header
/// is enough to see that it is another network's: the tensors may be gigabytes.
void check_fits(const StateDict& model, const SafetensorsInfo& info);

/// The model in a file, which may hold more.
StateDict model_state(const Safetensors& file);

}  // namespace plastic::nn

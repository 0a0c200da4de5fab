#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/training/model_choice.h"
#include "plastic/data/dataset.h"

namespace plastic::apps {

/// What a network was trained to read and to tell apart: what predicting needs of the data set.
struct InputForm {
  /// The name of the data set.
  std::string data;
  ModelSizes sizes;
  /// As in ImageDataset.
  std::vector<float> mean;
  std::vector<float> deviation;
  std::vector<std::string> class_names;
  /// The network itself, as TrainConfig has it; older files say nothing of it.
  std::string model = {};
  std::optional<std::vector<std::int64_t>> hidden = {};
  std::optional<double> dropout = {};
};

InputForm input_form(const data::DatasetPair& data, const TrainConfig& config);

/// As JSON, which files of networks keep: nn::load_classifier() reads it, too.
std::string to_text(const InputForm& form);

/// Reads that back. The text is not trusted: throws Error naming `origin` for anything else.
InputForm parse_input_form(const std::string& origin, const std::string& text);

}  // namespace plastic::apps

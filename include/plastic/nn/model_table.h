#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plastic/nn/models.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// What a model of model_table() is made from.
struct NamedModelOptions {
  /// What it reads, tells apart and draws from.
  ImageModelOptions images;
  /// Sizes of the hidden layers; the model's own when left out.
  std::optional<std::vector<std::int64_t>> hidden;
  /// After the hidden fully connected layers; the model's own when left out.
  std::optional<double> dropout;
};

/// A classifier of images by name: a row of model_table().
struct ModelEntry {
  /// As make_model() and `plastic train --model` take it.
  std::string name;
  /// "fully connected layers with ReLU and dropout".
  std::string description;
  /// The hidden layers that it has unless told otherwise; none where they are fixed.
  std::optional<std::vector<std::int64_t>> hidden;
  /// Likewise; none where there is no dropout.
  std::optional<double> dropout;
  /// `hidden` and `dropout` of the options are filled in where the model has them.
  std::function<ModulePtr(const NamedModelOptions& options)> make;
  /// How many numbers the parameters of what make() makes are at least, told without making it; the
  /// largest int64 where they are more than that.
  std::function<std::int64_t(const NamedModelOptions& options)> numbers;
};

/// The models known by name: mlp, lenet, small_cnn, resnet18.
const std::vector<ModelEntry>& model_table();

/// The row called `name`. Throws Error listing the known names.
const ModelEntry& find_model(std::string_view name);

/// The model called `name`. Throws Error for an unknown name (listing the known ones), for hidden
/// layers or dropout that it does not have, and for sizes that the model refuses.
ModulePtr make_model(std::string_view name, const NamedModelOptions& options = {});

}  // namespace plastic::nn

#pragma GCC visibility pop

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/training/training.h"
#include "plastic/core/random.h"
#include "plastic/nn/module.h"
#include "plastic/nn/saved_classifier.h"

namespace plastic::apps {

/// What --model takes, in the order in which help lists it.
const std::vector<std::string>& model_names();

/// The models and what they are, for the help of --model.
std::string model_help();

/// "mlp 0.1, small_cnn 0.2": the dropout that models have unless told otherwise.
std::string dropout_defaults_text();

/// Fills in what the model has and was not given: hidden layers and dropout. Throws UsageError
/// where something is given that the model does not have.
void resolve_model(TrainConfig& config);

/// What a network reads and tells apart.
struct ModelSizes {
  std::int64_t channels = 1;
  std::int64_t height = 0, width = 0;
  std::int64_t classes = 0;
};

ModelSizes model_sizes(const data::ImageDataset& dataset);

/// The network of a configuration. `generator` draws initial values and then dropout; it must
/// outlive the network. Throws Error where the model does not go with the sizes.
nn::ModulePtr make_model(const TrainConfig& config, const ModelSizes& sizes, Generator& generator);

/// Throws UsageError where the configuration asks to probe tensors that the network does not have.
void check_probe(const TrainConfig& config, const data::ImageDataset& dataset);

/// What the network of a run on `data` is and reads, as its files keep it.
nn::ClassifierForm classifier_form(const data::DatasetPair& data, const TrainConfig& config);

}  // namespace plastic::apps

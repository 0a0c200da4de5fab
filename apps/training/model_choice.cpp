#include "apps/training/model_choice.h"

#include "apps/cli/values.h"
#include "optim/probe/name_pattern.h"
#include "plastic/nn/model_table.h"

namespace plastic::apps {

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const nn::ModelEntry& entry : nn::model_table()) all.push_back(entry.name);
    return all;
  }();
  return names;
}

std::string model_help() {
  std::vector<std::string> parts;
  for (const nn::ModelEntry& entry : nn::model_table()) {
    parts.push_back(entry.name + ", " + entry.description);
  }
  return join(parts, "; ");
}

std::string dropout_defaults_text() {
  std::vector<std::string> parts;
  for (const nn::ModelEntry& entry : nn::model_table()) {
    if (entry.dropout) parts.push_back(entry.name + " " + brief(*entry.dropout));
  }
  return join(parts);
}

void resolve_model(TrainConfig& config) {
  const nn::ModelEntry& entry = nn::find_model(config.model);
  if (config.hidden && !entry.hidden) {
    throw UsageError("--hidden: the layers of " + config.model + " are fixed; leave it out");
  }
  if (config.dropout && !entry.dropout) {
    throw UsageError("--dropout: " + config.model + " has none; leave it out");
  }
  if (!config.hidden) config.hidden = entry.hidden;
  if (!config.dropout) config.dropout = entry.dropout;
}

ModelSizes model_sizes(const data::ImageDataset& dataset) {
  const Shape& shape = dataset.images.shape();
  return {.channels = shape[1],
          .height = shape[2],
          .width = shape[3],
          .classes = std::ssize(dataset.class_names)};
}

nn::ModulePtr make_model(const TrainConfig& config, const ModelSizes& sizes, Generator& generator) {
  return nn::make_model(config.model, {.images = {.channels = sizes.channels,
                                                  .height = sizes.height,
                                                  .width = sizes.width,
                                                  .classes = sizes.classes,
                                                  .generator = &generator},
                                       .hidden = config.hidden,
                                       .dropout = config.dropout});
}

void check_probe(const TrainConfig& config, const data::ImageDataset& dataset) {
  // Every network has what the usual pattern names.
  if (!config.probe || config.probe->tensors == optim::ProbeOptions().tensors) return;
  Generator generator;
  std::vector<std::string> names;
  for (const NamedTensor& one :
       make_model(config, model_sizes(dataset), generator)->named_parameters()) {
    if (optim::matches_pattern(config.probe->tensors, one.name)) return;
    names.push_back(one.name);
  }
  throw UsageError("--probe-tensors: no parameter's name matches '" + config.probe->tensors +
                   "'; those of " + config.model + " are " + join(names));
}

nn::ClassifierForm classifier_form(const data::DatasetPair& data, const TrainConfig& config) {
  const ModelSizes sizes = model_sizes(data.train);
  return {.data = data.name,
          .channels = sizes.channels,
          .height = sizes.height,
          .width = sizes.width,
          .mean = data.train.mean,
          .deviation = data.train.deviation,
          .class_names = data.train.class_names,
          .model = config.model,
          .hidden = config.hidden,
          .dropout = config.dropout};
}

}  // namespace plastic::apps

#include "apps/training/model_choice.h"

#include "apps/cli/values.h"
#include "core/check.h"
#include "plastic/nn/models.h"

namespace plastic::apps {
namespace {

const std::vector<std::int64_t> mlp_hidden = {256, 256};
constexpr double mlp_dropout = 0.1;
constexpr double small_cnn_dropout = 0.2;

bool has_dropout(const std::string& model) { return model == "mlp" || model == "small_cnn"; }

double default_dropout(const std::string& model) {
  return model == "mlp" ? mlp_dropout : small_cnn_dropout;
}

}  // namespace

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> names = {"mlp", "lenet", "small_cnn", "resnet18"};
  return names;
}

void resolve_model(TrainConfig& config) {
  if (config.hidden && config.model != "mlp") {
    throw UsageError("--hidden: the layers of " + config.model + " are fixed; leave it out");
  }
  if (config.dropout && !has_dropout(config.model)) {
    throw UsageError("--dropout: " + config.model + " has none; leave it out");
  }
  if (config.model == "mlp" && !config.hidden) config.hidden = mlp_hidden;
  if (has_dropout(config.model) && !config.dropout) config.dropout = default_dropout(config.model);
}

ModelSizes model_sizes(const data::ImageDataset& dataset) {
  const Shape& shape = dataset.images.shape();
  return {.channels = shape[1],
          .height = shape[2],
          .width = shape[3],
          .classes = std::ssize(dataset.class_names)};
}

nn::ModulePtr make_model(const TrainConfig& config, const ModelSizes& sizes, Generator& generator) {
  const double dropout = config.dropout.value_or(default_dropout(config.model));
  if (config.model == "mlp") {
    return nn::mlp({.inputs = sizes.channels * sizes.height * sizes.width,
                    .hidden = config.hidden.value_or(mlp_hidden),
                    .classes = sizes.classes,
                    .dropout = dropout,
                    .generator = &generator});
  }
  const nn::ImageModelOptions options{.channels = sizes.channels,
                                      .height = sizes.height,
                                      .width = sizes.width,
                                      .classes = sizes.classes,
                                      .generator = &generator};
  if (config.model == "lenet") return nn::lenet(options);
  if (config.model == "small_cnn") return nn::small_cnn(options, dropout);
  if (config.model == "resnet18") return nn::resnet18(options);
  fail("model", "there is no model ", config.model, "; there are ", join(model_names()));
}

std::string describe_model(const TrainConfig& config, const ModelSizes& sizes) {
  std::string text = config.model;
  if (config.model == "mlp") {
    text += " " + std::to_string(sizes.channels * sizes.height * sizes.width);
    for (const std::int64_t size : config.hidden.value_or(mlp_hidden)) {
      text += "-" + std::to_string(size);
    }
    text += "-" + std::to_string(sizes.classes);
  }
  return config.dropout ? text + ", dropout " + brief(*config.dropout) : text;
}

}  // namespace plastic::apps

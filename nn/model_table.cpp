#include "plastic/nn/model_table.h"

#include <atomic>
#include <limits>

#include "core/check.h"
#include "core/threads/made_once.h"
#include "nn/model_sizes.h"

namespace plastic::nn {
namespace {

/// Adds up the weights of fully connected layers, each of which reads what the one before gives.
class Layers {
 public:
  explicit Layers(std::int64_t inputs, std::int64_t numbers = 0)
      : inputs_(inputs), numbers_(numbers) {}

  Layers& to(std::int64_t outputs) {
    constexpr std::int64_t max = std::numeric_limits<std::int64_t>::max();
    // Sizes below 1 are refused when the layer is made.
    if (outputs > 0 && inputs_ > (max - numbers_) / outputs) {
      numbers_ = max;
    } else if (outputs > 0) {
      numbers_ += inputs_ * outputs;
    }
    inputs_ = outputs;
    return *this;
  }
  std::int64_t numbers() const { return numbers_; }

 private:
  std::int64_t inputs_;
  std::int64_t numbers_;
};

std::int64_t pixels(const ImageModelOptions& images) {
  return images.channels * images.height * images.width;
}

std::vector<ModelEntry> make_table() {
  return {
      {.name = "mlp",
       .description = "fully connected layers with ReLU and dropout",
       .hidden = MlpOptions().hidden,
       .dropout = MlpOptions().dropout,
       .make =
           [](const NamedModelOptions& options) {
             const ImageModelOptions& images = options.images;
             return mlp({.inputs = pixels(images),
                         .hidden = *options.hidden,
                         .classes = images.classes,
                         .dropout = *options.dropout,
                         .generator = images.generator});
           },
       .numbers =
           [](const NamedModelOptions& options) {
             Layers layers(pixels(options.images));
             for (const std::int64_t size : *options.hidden) layers.to(size);
             return layers.to(options.images.classes).numbers();
           }},
      {.name = "lenet",
       .description = "two convolutions and two fully connected layers",
       .hidden = {},
       .dropout = {},
       .make = [](const NamedModelOptions& options) { return lenet(options.images); },
       .numbers =
           [](const NamedModelOptions& options) {
             const std::int64_t features = lenet_features(options.images);
             return Layers(features).to(500).to(options.images.classes).numbers();
           }},
      {.name = "small_cnn",
       .description = "three convolutions and two fully connected layers",
       .hidden = {},
       .dropout = 0.2,
       .make =
           [](const NamedModelOptions& options) {
             return small_cnn(options.images, *options.dropout);
           },
       .numbers =
           [](const NamedModelOptions& options) {
             const std::int64_t features = small_cnn_features(options.images);
             return Layers(features).to(256).to(options.images.classes).numbers();
           }},
      {.name = "resnet18",
       .description = "a residual network, for small images",
       .hidden = {},
       .dropout = {},
       .make = [](const NamedModelOptions& options) { return resnet18(options.images); },
       .numbers =
           [](const NamedModelOptions& options) {
             constexpr std::int64_t convolutions = 11'000'000;
             return Layers(512, convolutions).to(options.images.classes).numbers();
           }},
  };
}

}  // namespace

const std::vector<ModelEntry>& model_table() {
  static constinit std::atomic<const std::vector<ModelEntry>*> table{nullptr};
  return made_once(table, make_table);
}

const ModelEntry& find_model(std::string_view name) {
  std::string known;
  for (const ModelEntry& entry : model_table()) {
    if (entry.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  fail("model", "there is no model ", name, "; there are ", known);
}

namespace {

/// `options` with what the model has where they leave it out.
NamedModelOptions filled(const ModelEntry& entry, const NamedModelOptions& options) {
  if (options.hidden && !entry.hidden) {
    fail("model", "the layers of ", entry.name, " are fixed; leave hidden out");
  }
  if (options.dropout && !entry.dropout) {
    fail("model", entry.name, " has no dropout; leave it out");
  }
  NamedModelOptions all = options;
  if (!all.hidden) all.hidden = entry.hidden;
  if (!all.dropout) all.dropout = entry.dropout;
  return all;
}

}  // namespace

ModulePtr make_model(std::string_view name, const NamedModelOptions& options) {
  const ModelEntry& entry = find_model(name);
  return entry.make(filled(entry, options));
}

std::int64_t model_numbers(std::string_view name, const NamedModelOptions& options) {
  const ModelEntry& entry = find_model(name);
  return entry.numbers(filled(entry, options));
}

}  // namespace plastic::nn

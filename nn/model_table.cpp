#include "plastic/nn/model_table.h"

#include <atomic>

#include "core/check.h"
#include "core/threads/made_once.h"

namespace plastic::nn {
namespace {

std::vector<ModelEntry> make_table() {
  return {
      {.name = "mlp",
       .description = "fully connected layers with ReLU and dropout",
       .hidden = MlpOptions().hidden,
       .dropout = MlpOptions().dropout,
       .make =
           [](const NamedModelOptions& options) {
             const ImageModelOptions& images = options.images;
             return mlp({.inputs = images.channels * images.height * images.width,
                         .hidden = *options.hidden,
                         .classes = images.classes,
                         .dropout = *options.dropout,
                         .generator = images.generator});
           }},
      {.name = "lenet",
       .description = "two convolutions and two fully connected layers",
       .hidden = {},
       .dropout = {},
       .make = [](const NamedModelOptions& options) { return lenet(options.images); }},
      {.name = "small_cnn",
       .description = "three convolutions and two fully connected layers",
       .hidden = {},
       .dropout = 0.2,
       .make =
           [](const NamedModelOptions& options) {
             return small_cnn(options.images, *options.dropout);
           }},
      {.name = "resnet18",
       .description = "a residual network, for small images",
       .hidden = {},
       .dropout = {},
       .make = [](const NamedModelOptions& options) { return resnet18(options.images); }},
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

ModulePtr make_model(std::string_view name, const NamedModelOptions& options) {
  const ModelEntry& entry = find_model(name);
  if (options.hidden && !entry.hidden) {
    fail("model", "the layers of ", name, " are fixed; leave hidden out");
  }
  if (options.dropout && !entry.dropout) fail("model", name, " has no dropout; leave it out");
  NamedModelOptions filled = options;
  if (!filled.hidden) filled.hidden = entry.hidden;
  if (!filled.dropout) filled.dropout = entry.dropout;
  return entry.make(filled);
}

}  // namespace plastic::nn

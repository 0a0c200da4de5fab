#include "plastic/nn/saved_classifier.h"

#include <cstdint>
#include <iterator>
#include <utility>

#include "core/check.h"
#include "nn/classifier_file.h"
#include "plastic/nn/model_table.h"

namespace plastic::nn {
namespace {

// Before there is memory for them: a hidden layer can be no larger than the file that holds it, and
// every model has more weights than an image has pixels.
void check_layers(const ClassifierForm& form, const SafetensorsInfo& info) {
  std::int64_t held = 0;
  for (const TensorInfo& tensor : info.tensors) held += tensor.shape.numel();
  if (form.height * form.width > held) {
    fail("state", "a network for images of ", form.height, "x", form.width, " has more than the ",
         held, " numbers of the file");
  }
  const auto& hidden = form.hidden ? form.hidden : find_model(form.model).hidden;
  if (!hidden) return;
  std::int64_t inputs = form.channels * form.height * form.width;
  for (const std::int64_t size : *hidden) {
    if (size > 0 && inputs > held / size) {
      fail("state", "a layer of ", inputs, " to ", size, " is more than the ", held,
           " numbers of the file");
    }
    inputs = size;
  }
}

}  // namespace

SavedClassifier load_classifier(const std::filesystem::path& run) {
  std::error_code unreadable;
  const bool is_folder = std::filesystem::is_directory(run, unreadable);
  const std::filesystem::path weights = is_folder ? weights_in(run) : run;
  const std::string origin = weights.string();
  const SafetensorsInfo info = read_safetensors_info(weights);
  ClassifierForm form = parse_classifier_form(origin, entry_of(info.metadata, weights, "data"));
  if (form.model.empty()) {
    fail("network", origin, ": does not say which model it is, as files of plastic train do; ",
         "resume its run for an epoch, or train the network again");
  }
  SavedClassifier saved{.model = form.model,
                        .channels = form.channels,
                        .height = form.height,
                        .width = form.width,
                        .mean = std::move(form.mean),
                        .deviation = std::move(form.deviation),
                        .class_names = std::move(form.class_names),
                        .data = std::move(form.data),
                        .epoch = trained_epochs(info.metadata, weights),
                        .weights = weights,
                        .generator = std::make_unique<Generator>(),
                        .network = {}};
  try {
    check_layers(form, info);
    saved.network = make_model(saved.model, {.images = {.channels = saved.channels,
                                                        .height = saved.height,
                                                        .width = saved.width,
                                                        .classes = std::ssize(saved.class_names),
                                                        .generator = saved.generator.get()},
                                             .hidden = std::move(form.hidden),
                                             .dropout = form.dropout});
    check_fits(saved.network->state_dict(), info);
  } catch (const Error& error) {
    fail("network", origin, ": is not of the network that it says, ", saved.model, ": ",
         error.what(), "; train the network again");
  }
  saved.network->load_state_dict(model_state(load_safetensors(weights)));
  saved.network->eval();
  return saved;
}

}  // namespace plastic::nn

#include "apps/runs/input_form.h"

#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "nn/classifier_file.h"

namespace plastic::apps {

InputForm input_form(const data::DatasetPair& data, const TrainConfig& config) {
  return {.data = data.name,
          .sizes = model_sizes(data.train),
          .mean = data.train.mean,
          .deviation = data.train.deviation,
          .class_names = data.train.class_names,
          .model = config.model,
          .hidden = config.hidden,
          .dropout = config.dropout};
}

std::string to_text(const InputForm& form) {
  using nlohmann::ordered_json;
  ordered_json json = {{"data", form.data},           {"channels", form.sizes.channels},
                       {"height", form.sizes.height}, {"width", form.sizes.width},
                       {"mean", form.mean},           {"deviation", form.deviation},
                       {"classes", form.class_names}};
  if (!form.model.empty()) json["model"] = form.model;
  if (form.hidden) json["hidden"] = *form.hidden;
  if (form.dropout) json["dropout"] = *form.dropout;
  // The names of folders are class names, and need not be UTF-8.
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

InputForm parse_input_form(const std::string& origin, const std::string& text) {
  nn::ClassifierForm form = nn::parse_classifier_form(origin, text);
  return {.data = std::move(form.data),
          .sizes = {.channels = form.channels,
                    .height = form.height,
                    .width = form.width,
                    .classes = std::ssize(form.class_names)},
          .mean = std::move(form.mean),
          .deviation = std::move(form.deviation),
          .class_names = std::move(form.class_names),
          .model = std::move(form.model),
          .hidden = std::move(form.hidden),
          .dropout = form.dropout};
}

}  // namespace plastic::apps

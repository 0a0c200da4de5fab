#include "apps/runs/input_form.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/check.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t largest_side = 4096;

bool is_consistent(const InputForm& form) {
  const ModelSizes& sizes = form.sizes;
  const auto is_side = [](std::int64_t side) { return side >= 1 && side <= largest_side; };
  const auto is_finite = [](float value) { return std::isfinite(value); };
  const auto is_positive = [](float value) { return std::isfinite(value) && value > 0; };
  return (sizes.channels == 1 || sizes.channels == 3) && is_side(sizes.height) &&
         is_side(sizes.width) && sizes.classes >= 1 && std::ssize(form.mean) == sizes.channels &&
         std::ssize(form.deviation) == sizes.channels &&
         std::ranges::all_of(form.mean, is_finite) &&
         std::ranges::all_of(form.deviation, is_positive);
}

}  // namespace

InputForm input_form(const data::DatasetPair& data) {
  return {.data = data.name,
          .sizes = model_sizes(data.train),
          .mean = data.train.mean,
          .deviation = data.train.deviation,
          .class_names = data.train.class_names};
}

std::string to_text(const InputForm& form) {
  const ordered_json json = {{"data", form.data},           {"channels", form.sizes.channels},
                             {"height", form.sizes.height}, {"width", form.sizes.width},
                             {"mean", form.mean},           {"deviation", form.deviation},
                             {"classes", form.class_names}};
  // The names of folders are class names, and need not be UTF-8.
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

InputForm parse_input_form(const std::string& origin, const std::string& text) {
  InputForm form;
  try {
    const auto json = nlohmann::json::parse(text);
    form = {.data = json.at("data"),
            .sizes = {.channels = json.at("channels"),
                      .height = json.at("height"),
                      .width = json.at("width")},
            .mean = json.at("mean"),
            .deviation = json.at("deviation"),
            .class_names = json.at("classes")};
    form.sizes.classes = std::ssize(form.class_names);
  } catch (const nlohmann::json::exception& error) {
    fail("network", origin, ": cannot read what it says about its data: ", error.what());
  }
  if (!is_consistent(form)) {
    fail("network", origin,
         ": what it says about its data contradicts itself: ", text.substr(0, 200));
  }
  return form;
}

}  // namespace plastic::apps

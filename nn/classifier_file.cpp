#include "nn/classifier_file.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <unordered_set>

#include "core/check.h"
#include "core/io/json_text.h"
#include "core/text.h"

namespace plastic::nn {
namespace {

constexpr const char* op = "network";
constexpr std::int64_t largest_side = 4096;

template <class T>
std::vector<T> read_list(JsonReader& json, const std::function<T()>& read) {
  std::vector<T> all;
  json.expect('[');
  if (json.accept(']')) return all;
  do {
    all.push_back(read());
  } while (json.accept(','));
  json.expect(']');
  return all;
}

void read_value(JsonReader& json, const std::string& key, ClassifierForm& form) {
  const auto number = [&] { return json.read_number(); };
  const std::function<float()> single = [&] { return static_cast<float>(json.read_number()); };
  const std::function<std::int64_t()> whole = [&] { return json.read_integer(); };
  const std::function<std::string()> text = [&] { return json.read_string(); };
  if (key == "data") {
    form.data = text();
  } else if (key == "model") {
    form.model = text();
  } else if (key == "channels") {
    form.channels = whole();
  } else if (key == "height") {
    form.height = whole();
  } else if (key == "width") {
    form.width = whole();
  } else if (key == "mean") {
    form.mean = read_list(json, single);
  } else if (key == "deviation") {
    form.deviation = read_list(json, single);
  } else if (key == "classes") {
    form.class_names = read_list(json, text);
  } else if (key == "hidden") {
    form.hidden = read_list(json, whole);
  } else if (key == "dropout") {
    form.dropout = number();
  } else {
    json.refuse("\"", key, "\" is not known of a network's data; a newer program wrote it");
  }
}

bool is_consistent(const ClassifierForm& form) {
  const auto is_side = [](std::int64_t side) { return side >= 1 && side <= largest_side; };
  const auto is_finite = [](float value) { return std::isfinite(value); };
  const auto is_positive = [](float value) { return std::isfinite(value) && value > 0; };
  return (form.channels == 1 || form.channels == 3) && is_side(form.height) &&
         is_side(form.width) && !form.class_names.empty() &&
         std::ssize(form.mean) == form.channels && std::ssize(form.deviation) == form.channels &&
         std::ranges::all_of(form.mean, is_finite) &&
         std::ranges::all_of(form.deviation, is_positive);
}

}  // namespace

std::string to_text(const ClassifierForm& form) {
  const auto numbers = [](const std::vector<float>& values) {
    return json_list(values, [](float value) { return json_number(value); });
  };
  std::string text =
      text_of("{\"data\":", repaired_json_string(form.data), ",\"channels\":", form.channels,
              ",\"height\":", form.height, ",\"width\":", form.width,
              ",\"mean\":", numbers(form.mean), ",\"deviation\":", numbers(form.deviation),
              ",\"classes\":", json_list(form.class_names, repaired_json_string));
  if (!form.model.empty()) text += text_of(",\"model\":", repaired_json_string(form.model));
  if (form.hidden) {
    const auto print = [](std::int64_t size) { return std::to_string(size); };
    text += text_of(",\"hidden\":", json_list(*form.hidden, print));
  }
  if (form.dropout) text += text_of(",\"dropout\":", json_number(*form.dropout));
  return text + '}';
}

ClassifierForm parse_classifier_form(const std::string& origin, const std::string& text) {
  JsonReader json(op, origin + ": what it says about its data", text);
  ClassifierForm form;
  std::unordered_set<std::string> seen;
  json.expect('{');
  if (!json.accept('}')) {
    do {
      const std::string key = json.read_string();
      if (!seen.insert(key).second) json.refuse("\"", key, "\" is given twice");
      json.expect(':');
      read_value(json, key, form);
    } while (json.accept(','));
    json.expect('}');
  }
  json.expect_end();
  for (const char* key : {"data", "channels", "height", "width", "mean", "deviation", "classes"}) {
    if (!seen.contains(key)) json.refuse("\"", key, "\" is missing; train the network again");
  }
  if (!is_consistent(form)) {
    fail(op, origin, ": what it says about its data contradicts itself: ", text.substr(0, 200),
         "; train the network again");
  }
  return form;
}

}  // namespace plastic::nn

#include "nn/classifier_file.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "core/check.h"
#include "core/io/json_text.h"

namespace plastic::nn {
namespace {

namespace fs = std::filesystem;

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

// A checkpoint has more than the model, whose names have this before them there.
constexpr std::string_view model_prefix = "model.";

template <class Named>
std::string_view prefix_in(const std::vector<Named>& tensors) {
  const bool is_checkpoint = std::ranges::any_of(
      tensors, [](const Named& tensor) { return tensor.name.starts_with(model_prefix); });
  return is_checkpoint ? model_prefix : std::string_view();
}

}  // namespace

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

fs::path weights_in(const fs::path& folder) {
  std::error_code unreadable;
  for (const char* name : {"best.safetensors", "checkpoint.safetensors"}) {
    if (fs::exists(folder / name, unreadable)) return folder / name;
  }
  fail(op, folder.string(), ": has neither best.safetensors nor checkpoint.safetensors; ",
       "its first epoch was not finished: 'plastic train --resume' continues it");
}

const std::string& entry_of(const Metadata& metadata, const fs::path& origin, const char* key) {
  const auto found = metadata.find(key);
  if (found != metadata.end()) return found->second;
  fail(op, origin.string(), ": says nothing of its ", key,
       ", as files of plastic train do; train the network again");
}

int trained_epochs(const Metadata& metadata, const fs::path& origin) {
  JsonReader number(op, origin.string() + ": epoch", entry_of(metadata, origin, "epoch"));
  const std::int64_t epoch = number.read_integer();
  number.expect_end();
  if (epoch > std::numeric_limits<int>::max()) number.refuse("a number is too large");
  if (epoch == 0) {
    fail(op, origin.string(), ": its first epoch was not finished: 'plastic train --resume' ",
         "continues it");
  }
  return static_cast<int>(epoch);
}

void check_fits(const StateDict& model, const SafetensorsInfo& info) {
  const std::string_view prefix = prefix_in(info.tensors);
  std::unordered_map<std::string_view, const TensorInfo*> given;
  for (const TensorInfo& tensor : info.tensors) {
    const std::string_view name = tensor.name;
    if (name.starts_with(prefix)) given.emplace(name.substr(prefix.size()), &tensor);
  }
  for (const NamedTensor& own : model) {
    const auto found = given.find(own.name);
    if (found == given.end()) fail("state", "\"", own.name, "\" is missing");
    if (found->second->shape != own.tensor.shape()) {
      fail("state", "\"", own.name, "\" has shape ", to_string(found->second->shape),
           ", the network needs ", to_string(own.tensor.shape()));
    }
    given.erase(found);
  }
  if (!given.empty()) fail("state", "\"", given.begin()->first, "\" is not the network's");
}

StateDict model_state(const Safetensors& file) {
  const std::string_view prefix = prefix_in(file.tensors);
  StateDict state;
  for (const NamedTensor& entry : file.tensors) {
    if (entry.name.starts_with(prefix)) {
      state.push_back({entry.name.substr(prefix.size()), entry.tensor});
    }
  }
  return state;
}

}  // namespace plastic::nn

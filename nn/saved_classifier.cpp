#include "plastic/nn/saved_classifier.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/check.h"
#include "core/io/json_text.h"
#include "core/text.h"
#include "nn/classifier_file.h"
#include "nn/model_sizes.h"
#include "nn/run_file_names.h"

namespace plastic::nn {
namespace {

namespace fs = std::filesystem;

constexpr const char* op = "network";

// A checkpoint has more than the model, whose names have this before them there.
constexpr std::string_view model_prefix = "model.";

template <class Named>
std::string_view prefix_in(const std::vector<Named>& tensors) {
  const bool is_checkpoint = std::ranges::any_of(
      tensors, [](const Named& tensor) { return tensor.name.starts_with(model_prefix); });
  return is_checkpoint ? model_prefix : std::string_view();
}

fs::path weights_in(const fs::path& folder) {
  std::error_code unreadable;
  for (const char* name : {best_file, checkpoint_file}) {
    if (fs::exists(folder / name, unreadable)) return folder / name;
  }
  fail(op, folder.string(), ": has neither ", best_file, " nor ", checkpoint_file, "; ",
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

// Before there is memory for them: the parameters can be no more than the file that holds them, and
// every model has more weights than an image has pixels.
void check_numbers(const ClassifierForm& form, const NamedModelOptions& options,
                   const SafetensorsInfo& info) {
  std::int64_t held = 0;
  for (const TensorInfo& tensor : info.tensors) held += tensor.shape.numel();
  if (form.height * form.width > held) {
    fail("state", "a network for images of ", form.height, "x", form.width, " has more than the ",
         held, " numbers of the file");
  }
  const std::int64_t numbers = model_numbers(form.model, options);
  if (numbers > held) {
    fail("state", "its layers have ", numbers, " weights or more, which is more than the ", held,
         " numbers of the file");
  }
}

}  // namespace

std::string describe(const ClassifierForm& form) {
  std::string text = form.model;
  const auto entry = std::ranges::find(model_table(), form.model, &ModelEntry::name);
  if (entry != model_table().end() && entry->hidden) {
    text += text_of(' ', form.channels * form.height * form.width);
    for (const std::int64_t size : form.hidden.value_or(*entry->hidden)) text += text_of('-', size);
    text += text_of('-', form.class_names.size());
  }
  return form.dropout ? text_of(text, ", dropout ", *form.dropout) : text;
}

ClassifierFile read_classifier_file(const fs::path& run) {
  std::error_code unreadable;
  ClassifierFile file;
  file.weights = fs::is_directory(run, unreadable) ? weights_in(run) : run;
  file.info = read_safetensors_info(file.weights);
  file.form = parse_classifier_form(file.weights.string(),
                                    entry_of(file.info.metadata, file.weights, "data"));
  file.epoch = trained_epochs(file.info.metadata, file.weights);
  return file;
}

SavedClassifier load_classifier(ClassifierFile file) {
  SavedClassifier saved;
  static_cast<ClassifierForm&>(saved) = std::move(file.form);
  saved.epoch = file.epoch;
  saved.weights = std::move(file.weights);
  saved.generator = std::make_unique<Generator>();
  try {
    const NamedModelOptions options = {.images = {.channels = saved.channels,
                                                  .height = saved.height,
                                                  .width = saved.width,
                                                  .classes = std::ssize(saved.class_names),
                                                  .generator = saved.generator.get()},
                                       .hidden = saved.hidden,
                                       .dropout = saved.dropout};
    check_numbers(saved, options, file.info);
    saved.network = make_model(saved.model, options);
    check_fits(saved.network->state_dict(), file.info);
  } catch (const Error& error) {
    fail(op, saved.weights.string(), ": is not of the network that it is said to be, ",
         describe(saved), ": ", error.what(), "; train the network again");
  }
  const Safetensors whole = load_safetensors(saved.weights);
  if (whole.metadata != file.info.metadata) {
    fail(op, saved.weights.string(), ": was replaced while it was read; load it again");
  }
  saved.network->load_state_dict(model_state(whole));
  saved.network->eval();
  return saved;
}

SavedClassifier load_run(const fs::path& run) {
  ClassifierFile file = read_classifier_file(run);
  if (file.form.model.empty()) {
    fail(op, file.weights.string(), ": does not say which model it is, as files of plastic train ",
         "do; resume its run for an epoch, or train the network again");
  }
  return load_classifier(std::move(file));
}

void save_classifier(const fs::path& path, const SavedClassifier& classifier) {
  if (!classifier.network) fail(op, path.string(), ": there is no network to write");
  if (classifier.model.empty() || classifier.epoch < 1) {
    fail(op, path.string(), ": the network is of the model \"", classifier.model, "\", epoch ",
         classifier.epoch, "; give the name of one in model_table(), and an epoch of 1 or more");
  }
  const std::string text = to_text(classifier);
  // What load_run() would refuse is not written.
  parse_classifier_form(path.string(), text);
  save_safetensors(path, classifier.network->state_dict(),
                   {{"data", text}, {"epoch", std::to_string(classifier.epoch)}});
}

}  // namespace plastic::nn

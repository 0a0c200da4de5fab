#include "apps/runs/saved_model.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "apps/cli/config_reader.h"
#include "apps/cli/option_table.h"
#include "apps/cli/values.h"
#include "apps/runs/checkpoint.h"
#include "core/check.h"
#include "plastic/core/safetensors.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

fs::path weights_in(const fs::path& folder) {
  std::error_code unreadable;
  for (const fs::path& path : {best_path(folder), checkpoint_path(folder)}) {
    if (fs::exists(path, unreadable)) return path;
  }
  fail("network", folder.string(), ": has neither best.safetensors nor checkpoint.safetensors; ",
       "its first epoch was not finished: 'plastic train --resume' continues it");
}

const std::string& entry_of(const Metadata& metadata, const fs::path& path, const char* key) {
  const auto found = metadata.find(key);
  if (found != metadata.end()) return found->second;
  fail("network", path.string(), ": says nothing of its ", key,
       ", as files of plastic train do; train the network again");
}

// A checkpoint has more than the model, whose names have this before them there.
std::string prefix_in(const SafetensorsInfo& info) {
  constexpr std::string_view model = "model.";
  const bool is_checkpoint = std::ranges::any_of(
      info.tensors, [&](const TensorInfo& tensor) { return tensor.name.starts_with(model); });
  return is_checkpoint ? std::string(model) : "";
}

// The header is enough to see that a file is another network's: the tensors may be gigabytes.
void check_fits(const StateDict& model, const SafetensorsInfo& info, const std::string& prefix) {
  std::unordered_map<std::string, const TensorInfo*> given;
  for (const TensorInfo& tensor : info.tensors) {
    if (tensor.name.starts_with(prefix)) given.emplace(tensor.name.substr(prefix.size()), &tensor);
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

StateDict model_state(const Safetensors& file, const std::string& prefix) {
  StateDict state;
  for (const NamedTensor& entry : file.tensors) {
    if (entry.name.starts_with(prefix)) {
      state.push_back({entry.name.substr(prefix.size()), entry.tensor});
    }
  }
  return state;
}

// The options that `entries` give, of which some decide the network; `name` is their file.
RunOptions model_options(const std::string& name, const std::vector<ConfigEntry>& entries) {
  RunOptions options;
  try {
    for (const ConfigEntry& entry : entries) {
      const Option* option = find_option(entry.key);
      // What concerns the optimizer, or train alone, says nothing of the network.
      if (option == nullptr || !option->take || option->of_optimizer != nullptr) continue;
      if (option->commands == CommandSet::train) continue;
      try {
        option->take(options, entry.value);
      } catch (const UsageError& error) {
        throw UsageError("--" + entry.key + ": " + error.what());
      }
    }
    settle(options);
  } catch (const UsageError& error) {
    fail("network", name, ": ", error.what());
  }
  return options;
}

// As parse() reads them, whose messages name the file.
template <class Parse>
std::vector<ConfigEntry> entries_of(const Parse& parse) {
  try {
    return parse();
  } catch (const UsageError& error) {
    fail("network", error.what());
  }
}

// A checkpoint has its run's configuration with it, so that it can be moved elsewhere alone; a best
// network and the folder have the file.
RunOptions options_beside(const fs::path& weights, const Metadata& metadata, bool is_alone) {
  if (const auto own = metadata.find("config"); is_alone && own != metadata.end()) {
    const std::string name = weights.string();
    return model_options(name, entries_of([&] { return parse_config(name, own->second); }));
  }
  const fs::path config = weights.parent_path() / "config.toml";
  std::error_code unreadable;
  if (!fs::exists(config, unreadable)) {
    fail("network", weights.string(), ": has no config.toml beside it, which says what network it ",
         "is; leave it in the folder that 'plastic train --out' made");
  }
  return model_options(config.string(), entries_of([&] { return read_config(config); }));
}

// As the training images were read. Those of other sets have no orientation, and a photograph is
// meant as it is seen; runs on a folder that say nothing are from before it could be chosen.
data::Orientation orientation_of(const RunOptions& options) {
  if (options.data != "folder") return data::Orientation::apply;
  return options.orientation.value_or(data::Orientation::ignore);
}

}  // namespace

TrainConfig read_model_config(const fs::path& path) {
  return model_options(path.string(), entries_of([&] { return read_config(path); })).run;
}

SavedModel load_saved_model(const fs::path& run) {
  std::error_code unreadable;
  const bool is_file = fs::is_regular_file(run, unreadable);
  if (!is_file && !fs::exists(run / "config.toml", unreadable)) {
    fail("network", run.string(), ": has no config.toml, so it is not the folder of a run; ",
         "'plastic train --out' makes one");
  }
  SavedModel saved;
  saved.weights = is_file ? run : weights_in(run);
  const SafetensorsInfo info = read_safetensors_info(saved.weights);
  const RunOptions options = options_beside(saved.weights, info.metadata, is_file);
  const TrainConfig& config = options.run;
  saved.orientation = orientation_of(options);
  saved.form =
      parse_input_form(saved.weights.string(), entry_of(info.metadata, saved.weights, "data"));
  try {
    saved.epoch = static_cast<int>(parse_integer(entry_of(info.metadata, saved.weights, "epoch"), 0,
                                                 std::numeric_limits<int>::max()));
  } catch (const UsageError& wrong) {
    fail("network", saved.weights.string(), ": epoch: ", wrong.what());
  }
  if (saved.epoch == 0) {
    fail("network", saved.weights.string(), ": its first epoch was not finished: 'plastic train ",
         "--resume' continues it");
  }
  saved.description = describe_model(config, saved.form.sizes);
  saved.generator = std::make_unique<Generator>();
  saved.model = make_model(config, saved.form.sizes, *saved.generator);
  const std::string prefix = prefix_in(info);
  try {
    check_fits(saved.model->state_dict(), info, prefix);
  } catch (const Error& error) {
    fail("network", saved.weights.string(), ": is not of the network in config.toml, ",
         saved.description, ": ", error.what());
  }
  saved.model->load_state_dict(model_state(load_safetensors(saved.weights), prefix));
  saved.model->eval();
  return saved;
}

}  // namespace plastic::apps

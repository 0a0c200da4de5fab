#include "apps/runs/saved_model.h"

#include <utility>

#include "apps/cli/config_reader.h"
#include "apps/cli/option_table.h"
#include "apps/cli/values.h"
#include "apps/runs/run_file_names.h"
#include "core/check.h"
#include "nn/classifier_file.h"
#include "plastic/core/safetensors.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

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
  const fs::path config = weights.parent_path() / config_file;
  std::error_code unreadable;
  if (!fs::exists(config, unreadable)) {
    fail("network", weights.string(), ": has no config.toml beside it, which says what network it ",
         "is; leave it in the folder that 'plastic train --out' made");
  }
  return model_options(config.string(), entries_of([&] { return read_config(config); }));
}

// Whether a file describes its network itself, as what `plastic export` wrote does, and lies where
// no configuration could say more.
bool describes_itself(const nn::ClassifierFile& file) {
  std::error_code unreadable;
  return !file.form.model.empty() && !file.info.metadata.contains("config") &&
         !fs::exists(file.weights.parent_path() / config_file, unreadable);
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
  if (!is_file && !fs::exists(run / config_file, unreadable)) {
    fail("network", run.string(), ": has no config.toml, so it is not the folder of a run; ",
         "'plastic train --out' makes one");
  }
  nn::ClassifierFile file = nn::read_classifier_file(run);
  SavedModel saved;
  if (is_file && describes_itself(file)) {
    static_cast<nn::SavedClassifier&>(saved) = nn::load_classifier(std::move(file));
    return saved;
  }
  const RunOptions options = options_beside(file.weights, file.info.metadata, is_file);
  // Files of older programs do not say it themselves.
  file.form.model = options.run.model;
  file.form.hidden = options.run.hidden;
  file.form.dropout = options.run.dropout;
  static_cast<nn::SavedClassifier&>(saved) = nn::load_classifier(std::move(file));
  saved.orientation = orientation_of(options);
  return saved;
}

}  // namespace plastic::apps

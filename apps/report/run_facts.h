#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/report/comparison_reader.h"
#include "apps/study/comparison/variants.h"

namespace plastic::apps {

/// What a folder's files say of how a run was made.
struct RunFacts {
  std::optional<std::uint64_t> seed;
  /// Empty where unknown.
  std::string optimizer;
  /// What two runs must have in common for their numbers to be compared: data set, network, epochs,
  /// share of the training set. Names as in config.toml, values without places on the machine.
  Settings conditions;
  /// Tells two data sets of one name apart, as `conditions` do the rest; not to be shown.
  std::string place;
  /// All else that decides the run.
  Settings settings;
  /// 0 where unknown.
  int epochs = 0;
  /// 0 for never.
  int early_stopping = 0;
};

/// From a run's config.toml. Throws Error naming the file.
RunFacts facts_of_config(const std::filesystem::path& path);

/// From compare.json, for a run beside it that has no config.toml.
RunFacts facts_of_comparison(const ListedComparison& comparison);

/// The settings in a config.toml, as lines, without the places on the machine that it was written
/// on.
std::string shown_config(const std::filesystem::path& path);

/// `value` for others to read: of an absolute path, the last part.
std::string without_place(const std::string& value);

/// "mnist", "mlp 256-256, 10 epochs, fraction 0.1": of conditions, the data set and the rest. Empty
/// where unknown.
std::string data_text(const Settings& conditions);
std::string conditions_text(const Settings& conditions);

/// The settings of a run with `optimizer` on one line: those that have an effect, and of
/// NeuroPlastic's only those that are not the usual ones.
std::string settings_text(const std::string& optimizer, const Settings& settings);

}  // namespace plastic::apps

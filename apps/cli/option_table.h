#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/option_value.h"
#include "apps/cli/run_options.h"
#include "apps/training/optimizer_options.h"

namespace plastic::apps {

/// What an option has to do with the numbers of a run.
enum class Effect {
  /// Only says what is asked of this one call of the program; never in a configuration file.
  call,
  /// No number of an epoch depends on it.
  none,
  /// Tells repetitions of one run apart.
  repetition,
  /// Decides the run; runs that differ in it may be compared with each other.
  setting,
  /// Decides the run; only runs that agree in it may be compared.
  condition,
};

enum class CommandSet { train, both };

/// One option of `train`: a row of option_table(). The command line, config.toml, what a resumed
/// run may change, compare.json and the report's tables follow from it.
struct Option {
  /// Without dashes in front: "data-dir".
  std::string name;
  /// Under which help lists it. NeuroPlastic's have none: help lists them apart.
  std::string group;
  /// What help calls its value: "N"; empty for a switch.
  std::string value_name = {};
  /// For the help.
  std::string default_text = {};
  std::string help = {};
  /// Reads its value into the options; a switch is given "true" or "false". Throws UsageError.
  /// Empty where a command takes the option in a way of its own.
  std::function<void(RunOptions&, const std::string&)> take = {};
  /// What config.toml says of it. Empty where it says nothing.
  std::function<OptionValue(const RunOptions&)> print = {};
  Effect effect = Effect::setting;
  /// Whether a run may be resumed with another value.
  bool may_change = false;
  CommandSet commands = CommandSet::both;
  /// What files meant that do not name the option, where they are older than it.
  std::string before = {};
  /// The optimizers' option that it is, if it is one.
  const OptimizerOption* of_optimizer = nullptr;

  bool is_switch() const { return value_name.empty(); }
};

/// Every option, in the order of config.toml.
const std::vector<Option>& option_table();

/// Null for a name that is none of an option.
const Option* find_option(std::string_view name);

/// The names of the options of which `holds` is true, in the table's order.
std::vector<std::string> option_names(const std::function<bool(const Option&)>& holds);

}  // namespace plastic::apps

#include "apps/cli/options.h"

#include <CLI/CLI.hpp>

#include "apps/cli/help_format.h"
#include "apps/cli/optimizer_choice.h"
#include "apps/cli/values.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

using Take = std::function<void(const std::string&)>;

constexpr const char* neuroplastic_group = "NeuroPlastic's options";
constexpr const char* neuroplastic_help = "Print this help with NeuroPlastic's options (--np.NAME)";

/// `take`, whose UsageError becomes the option's.
Take checked(const std::string& name, const Take& take) {
  return [name, take](const std::string& text) {
    try {
      take(text);
    } catch (const UsageError& error) {
      throw CLI::ValidationError(name, error.what());
    }
  };
}

CLI::Option* add_option(CLI::App& command, const std::string& name, const std::string& type_name,
                        const std::string& default_text, const std::string& group,
                        const std::string& description, const Take& take) {
  return command.add_option_function<std::string>(name, checked(name, take), description)
      ->type_name(type_name)
      ->default_str(default_text)
      ->group(group);
}

/// A switch that may be given a value: "--np.diagnostics", "--np.diagnostics false".
void add_optional_value(CLI::App& command, const Option& option, const Take& take) {
  CLI::Option* added = add_option(command, "--" + option.name, option.value_name, "", option.group,
                                  option.help + default_remark(option.default_text), take);
  // CLI11 would put a default in the place of a value left out.
  added->expected(0, 1);
}

void add_row(CLI::App& command, const Option& option, RunOptions& options) {
  const std::string name = "--" + option.name;
  const Take take = [&option, &options](const std::string& text) { option.take(options, text); };
  if (option.is_switch()) {
    const auto count = [name, take](std::int64_t times) {
      checked(name, take)(times > 0 ? "true" : "false");
    };
    command.add_flag_function(name, count, option.help)->group(option.group);
  } else if (option.of_optimizer != nullptr && option.of_optimizer->is_switch) {
    add_optional_value(command, option, take);
  } else {
    add_text_option(command, name, option.value_name, option.default_text, option.group,
                    option.help, take);
  }
}

}  // namespace

CLI::App& add_command(CLI::App& program, const std::string& name, const std::string& description,
                      const std::string& footer, const std::function<void()>& run) {
  CLI::App& command = *program.add_subcommand(name, description);
  command.group("Commands");
  command.footer(footer);
  command.final_callback(run);
  return command;
}

void add_text_option(CLI::App& command, const std::string& name, const std::string& type_name,
                     const std::string& default_text, const std::string& group,
                     const std::string& description, const Take& take) {
  // What names a place cannot be empty.
  const std::string place = type_name == "DIR"    ? "a folder"
                            : type_name == "FILE" ? "a file"
                            : type_name == "RUN"  ? "a run"
                                                  : "";
  add_option(command, name, type_name, default_text, group, description,
             [take, place](const std::string& text) {
               if (text.empty() && !place.empty()) {
                 throw UsageError("expected " + place + ", got nothing");
               }
               take(text);
             });
}

void add_switch(CLI::App& command, const std::string& name, const std::string& group,
                const std::string& description, bool& on) {
  command.add_flag(name, on, description)->group(group);
}

void add_own_option(CLI::App& command, const std::string& name, const std::string& help,
                    const Take& take) {
  const Option* option = find_option(name);
  if (option == nullptr) fail("options", "the table has no option ", name);
  add_text_option(command, "--" + name, option->value_name, option->default_text, option->group,
                  option->help + help, take);
}

void add_run_options(CLI::App& command, CommandSet commands, RunOptions& options,
                     const std::function<void()>& add_own) {
  bool is_own_added = !add_own;
  for (const Option& option : option_table()) {
    if (!is_own_added && option.group == "Optimizer") {
      add_own();
      is_own_added = true;
    }
    const bool has_it = commands == CommandSet::train || option.commands == CommandSet::both;
    if (has_it && option.take) add_row(command, option, options);
  }
  command.set_help_all_flag("--help-np", neuroplastic_help);
}

void add_optimizer_options(CLI::App& command, RunOptions& options) {
  for (const Option& option : option_table()) {
    if (option.of_optimizer != nullptr) add_row(command, option, options);
  }
  command.set_help_all_flag("--help-np", neuroplastic_help);
}

void show_neuroplastic_options(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty() && option->get_lnames().front().starts_with("np.")) {
      option->group(neuroplastic_group);
    }
  }
}

}  // namespace plastic::apps

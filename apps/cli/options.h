#pragma once

#include <functional>
#include <string>

#include "apps/cli/option_table.h"
#include "apps/cli/run_options.h"

// Reading CLI11's header takes longer than reading all of this program.
namespace CLI {
class App;
}

namespace plastic::apps {

/// Adds a subcommand; `run` is called once its command line is read.
CLI::App& add_command(CLI::App& program, const std::string& name, const std::string& description,
                      const std::string& footer, const std::function<void()>& run);

/// Adds an option whose value `take` reads from its text; a UsageError there becomes the option's.
void add_text_option(CLI::App& command, const std::string& name, const std::string& type_name,
                     const std::string& default_text, const std::string& group,
                     const std::string& description,
                     const std::function<void(const std::string&)>& take);

/// Adds an option without a value that sets `on`.
void add_switch(CLI::App& command, const std::string& name, const std::string& group,
                const std::string& description, bool& on);

/// Adds an option that the command takes in a way of its own, named and described as in the
/// options' table.
void add_own_option(CLI::App& command, const std::string& name, const std::string& help,
                    const std::function<void(const std::string&)>& take);

/// Adds what the options' table has for `command`, each checked as it is read. `add_own` adds the
/// command's own where help should show them: after data and model, first of their groups.
void add_run_options(CLI::App& command, CommandSet commands, RunOptions& options,
                     const std::function<void()>& add_own = {});

/// NeuroPlastic's options are left out of --help and listed by --help-np; this shows them.
void show_neuroplastic_options(CLI::App& command);

}  // namespace plastic::apps

// plastic data: the data sets that are known by name.
#include <CLI/CLI.hpp>

#include "apps/cli/options.h"
#include "apps/commands/commands.h"
#include "apps/commands/data_commands.h"

namespace plastic::apps {

void add_data(CLI::App& program) {
  CLI::App& command = add_command(program, "data", "List, download, check and draw data sets.",
                                  "Examples:\n"
                                  "  plastic data list\n"
                                  "  plastic data get mnist\n"
                                  "  plastic data verify mnist\n"
                                  "  plastic data show digits --out digits.png\n",
                                  [] {});
  command.require_subcommand(1);
  add_data_list(command);
  add_data_get(command);
  add_data_verify(command);
  add_data_show(command);
}

}  // namespace plastic::apps

// The `plastic` program: exit code 0 done, 1 failed, 2 wrong usage, 130 interrupted.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/help_format.h"
#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "apps/commands/commands.h"
#include "apps/commands/landscape_commands.h"
#include "apps/ranks/ranks.h"
#include "apps/terminal/standard_streams.h"
#include "apps/terminal/system_terminal.h"
#include "apps/terminal/terminal_text.h"
#include "apps/training/interrupt.h"
#include "core/cpu/level.h"
#include "plastic/core/error.h"
#include "plastic/core/version.h"
#include "plastic/distributed.h"

namespace {

using namespace plastic::apps;

constexpr int done = 0;
constexpr int failed = 1;
constexpr int wrong_usage = 2;

// The subcommand that was asked for, however deep, or the program itself.
CLI::App& selected(CLI::App& program) {
  const std::vector<CLI::App*> commands = program.get_subcommands();
  return commands.empty() ? program : selected(*commands.back());
}

// The full name of the selected command.
std::string full_name(CLI::App& program) {
  const std::vector<CLI::App*> commands = program.get_subcommands();
  return program.get_name() + (commands.empty() ? "" : " " + full_name(*commands.back()));
}

// The names that may stand where an unknown word does: options after a command, else commands.
std::vector<std::string> known_names(CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::Option* option : selected(program).get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const CLI::App* command : selected(program).get_subcommands(nullptr)) {
    names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& parent) {
  std::vector<std::string> names;
  for (const CLI::App* command : parent.get_subcommands(nullptr)) {
    names.push_back(command->get_name());
  }
  return names;
}

std::string unknown_command(const CLI::App& parent, const std::string& word) {
  const std::vector<std::string> names = command_names(parent);
  const std::string similar = nearest(word, names);
  return "unknown command " + printable(word) + "; " +
         (similar.empty() ? "" : "did you mean " + similar + "? ") + "there are " + join(names);
}

std::string unknown_word(CLI::App& program) {
  std::string word = program.remaining(true).front();
  if (word.find('=') > 0) word = word.substr(0, word.find('='));
  if (word.empty()) return "an argument is empty; leave it out";
  const CLI::App& parent = selected(program);
  if (!word.starts_with('-') && !command_names(parent).empty()) {
    return unknown_command(parent, word);
  }
  const std::string similar = nearest(word, known_names(program));
  return "unknown argument " + printable(word) +
         (similar.empty() ? "" : "; did you mean " + similar + "?");
}

// "[train] --lr is given twice: 1 and 2; leave one out"; empty where no option is.
std::string repeated_option(CLI::App& program) {
  const CLI::App& command = selected(program);
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty() || option->get_items_expected_max() != 1) continue;
    const std::vector<std::string>& given = option->results();
    if (given.size() < 2) continue;
    std::vector<std::string> values;
    for (const std::string& value : given) values.push_back(printable(value));
    const std::string count = given.size() == 2 ? "twice" : std::to_string(given.size()) + " times";
    return "[" + command.get_name() + "] --" + option->get_lnames().front() + " is given " + count +
           ": " + join(values, " and ") + "; give it once";
  }
  return "";
}

// Prints the help of the command that `words` lead to.
void print_help(CLI::App& program, const std::vector<std::string>& words) {
  CLI::App* command = &program;
  std::string path = program.get_name();
  for (const std::string& word : words) {
    const std::vector<CLI::App*> below = command->get_subcommands(nullptr);
    const auto next = std::ranges::find_if(
        below, [&word](const CLI::App* one) { return one->get_name() == word; });
    if (next == below.end()) throw UsageError(unknown_command(*command, word));
    command = *next;
    path += " " + command->get_name();
  }
  // help() would print that of the command that was selected, which is this one.
  std::cout << command->get_formatter()->make_help(command, path, CLI::AppFormatMode::Normal);
}

void add_help(CLI::App& program) {
  const auto words = std::make_shared<std::vector<std::string>>();
  CLI::App& command =
      add_command(program, "help", "Print the help of a command.",
                  "Examples:\n  plastic help\n  plastic help train\n  plastic help data get",
                  [&program, words] { print_help(program, *words); });
  command.add_option("COMMAND", *words, "The command; without it, the program's own help")
      ->type_name("");
}

// Later lines of a message are indented: none of them can pass for one of the program's own.
void complain(std::string_view message) {
  // Before anything is printed: on all ranks but the first it waits.
  const std::string prefix = message_prefix();
  std::cerr << "plastic: " << prefix;
  for (const char c : message) std::cerr << c << (c == '\n' ? "  " : "");
  std::cerr << "\n";
}

int report_usage(CLI::App& program, const std::string& reason) {
  complain(reason);
  std::cerr << "See '" << full_name(program) << " --help'.\n";
  return wrong_usage;
}

int parse_and_run(CLI::App& program, const std::vector<std::string>& words) {
  try {
    // It takes the last word first.
    program.parse(std::vector<std::string>(words.rbegin(), words.rend()));
    if (program.get_subcommands().empty()) return report_usage(program, "which command?");
    return done;
  } catch (const CLI::CallForAllHelp&) {
    check_same_command("help or version");
    show_neuroplastic_options(selected(program));
    std::cout << selected(program).help(program.get_name());
    return done;
  } catch (const CLI::ParseError& error) {
    // --help and --version arrive here too, with code 0.
    if (error.get_exit_code() == 0) {
      check_same_command("help or version");
      return program.exit(error);
    }
    if (!program.remaining(true).empty()) return report_usage(program, unknown_word(program));
    const std::string repeated = repeated_option(program);
    return report_usage(program, repeated.empty() ? error.what() : repeated);
  } catch (const UsageError& error) {
    return report_usage(program, error.what());
  } catch (const Interrupted& stop) {
    // All ranks stop alike.
    if (plastic::distributed::rank() == 0) complain(stop.what());
    return interrupted_exit_code;
  } catch (const plastic::Error& error) {
    complain(error.what());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    complain(error.what());
  }
  return failed;
}

// Some commands share their work out over the ranks.
void check_runs_on_ranks(const std::string& command) {
  const std::vector<std::string> known = {"train", "study", "tune", "info", "help"};
  if (std::ranges::find(known, command) == known.end()) check_is_alone(command);
}

int run(const std::vector<std::string>& words) {
  const EscapedOutput escaped;
  CLI::App program(
      "Plastic trains neural networks with the NeuroPlastic optimizer and compares it with others.",
      "plastic");
  program.set_version_flag("--version", "plastic " PLASTIC_VERSION, "Print the version and exit");
  program.set_help_flag("-h,--help", "Print this help and exit");
  program.formatter(help_format());
  program.require_subcommand(0, 1);
  program.footer(
      "Examples:\n"
      "  plastic train                                     # generated digits; needs no files\n"
      "  plastic train --data fashion-mnist --optimizer adam --out runs/adam\n"
      "  plastic compare --data fashion-mnist --fraction 0.1 --paper\n"
      "  plastic info                                      # what this machine and build offer\n"
      "\n"
      "'plastic COMMAND --help' or 'plastic help COMMAND' explains a command. Exit code: 0 done, 1 "
      "failed, 2 wrong usage,\n"
      "130 interrupted by Ctrl-C, SIGTERM, SIGHUP or SIGUSR1.");
  add_train(program);
  add_compare(program);
  add_study(program);
  add_tune(program);
  add_predict(program);
  add_export(program);
  add_data(program);
  add_report(program);
  add_curvature(program);
  add_landscape(program);
  add_probe(program);
  add_info(program);
  add_help(program);
  // PLASTIC_ISA is checked before a command begins, so that nothing else is blamed; info reports
  // it.
  program.parse_complete_callback([&program] {
    const std::string& command = selected(program).get_name();
    check_runs_on_ranks(command);
    check_same_command(command);
    if (command != "info" && command != "help") plastic::cpu::level();
  });
  // What has something to save has a guard of its own.
  const InterruptGuard guard(OnSignal::quit);
  return parse_and_run(program, words);
}

constexpr std::string_view no_memory =
    "plastic: [memory] not enough memory; try a smaller model or batch\n";

// Where nobody catches what is thrown: before main() and on its way out of a destructor.
[[noreturn]] void end_uncaught() {
  try {
    if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    // Nothing can be done where it fails.
    [[maybe_unused]] const std::ptrdiff_t written =
        write_some(standard_error, no_memory.data(), no_memory.size());
    exit_at_once(failed);
  } catch (...) {
  }
  std::abort();
}

// Made before all else, since what the libraries make before main() needs memory, too.
class UncaughtHandler {
 public:
  UncaughtHandler() { std::set_terminate(end_uncaught); }
};
[[gnu::init_priority(101)]] const UncaughtHandler uncaught_handler;

}  // namespace

int main(int argc, char** argv) {
  StandardStreams streams;
  try {
    join_ranks();
    const int code = streams.finish(run(arguments_as_utf8(argc, argv)));
    leave_ranks(code);
    return code;
  } catch (const plastic::Error& error) {
    complain(error.what());
  } catch (const std::bad_alloc&) {
    // Also where there was none for the options.
    std::cerr << no_memory;
  }
  // The other ranks may wait for this one.
  const int code = streams.finish(failed);
  leave_ranks(code);
  return code;
}

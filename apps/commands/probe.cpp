// plastic probe: what an optimizer did in each layer, in the terminal.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <thread>

#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "apps/commands/commands.h"
#include "apps/microscope/probe_csv.h"
#include "apps/microscope/probe_history.h"
#include "apps/microscope/probe_reader.h"
#include "apps/microscope/probe_table.h"
#include "apps/microscope/probe_words.h"
#include "apps/report/run_facts.h"
#include "apps/runs/folder_lock.h"
#include "apps/runs/run_file_names.h"
#include "apps/terminal/live_lines.h"
#include "apps/terminal/terminal_text.h"
#include "core/check.h"
#include "core/io/utf8_path.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

constexpr const char* op = "probe";
constexpr std::chrono::milliseconds poll_interval(300);
// A training that has just been started reads its data before it writes.
constexpr int polls_for_the_file = 100;
// Between two looks whether somebody still writes a run of which nothing comes.
constexpr int polls_for_the_writer = 10;

struct ProbeOptions {
  fs::path run;
  std::string signal;
  std::optional<std::int64_t> step;
  bool tail = false;
  bool csv = false;
};

fs::path probe_path(const ProbeOptions& options) { return options.run / probe_file; }

// The number of the signal that was named, else that of the main one.
std::size_t signal_number(const ProbeHeader& header, const std::string& name) {
  if (name.empty()) return main_signal(header);
  std::vector<std::string> names;
  for (const ProbedSignal& signal : header.signals) names.push_back(signal.name);
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  if (names.empty()) fail(op, header.optimizer, " shows no signals; leave out --signal ", name);
  fail(op, "no signal ", name, " of ", header.optimizer, "; there are ", join(names));
}

// "neuroplastic, 6 tensors, every 10 steps, 46 steps probed".
std::string summary_line(const ProbeHeader& header, std::int64_t steps) {
  return header.optimizer + ", " + counted(std::ssize(header.tensors), "tensor") +
         (header.every == 1 ? ", every step"
                            : ", every " + std::to_string(header.every) + " steps") +
         ", " + counted(steps, "step") + " probed";
}

void print_all(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::cout << line << "\n";
}

/// What was read of a probe.
struct Reading {
  Reading(const ProbeHeader& header, std::size_t number)
      : signal(number), history(header, number), words(header) {}

  void add(const ProbeRecord& record) {
    history.add(record);
    words.add(record);
    ++steps;
  }

  std::size_t signal;
  ProbeHistory history;
  ProbeWords words;
  std::int64_t steps = 0;
};

void print(const ProbeHeader& header, const Reading& reading, const ProbeRecord& record) {
  std::cout << summary_line(header, reading.steps) << "\n\n" << step_line(record) << "\n";
  print_all(norms_table(header, record));
  std::cout << "\n";
  print_all(signal_table(header, record, reading.signal, reading.history));
  std::cout << "\n";
  print_all(reading.words.sentences());
  std::cout << std::flush;
}

[[noreturn]] void refuse_step(const fs::path& path, std::int64_t step,
                              std::optional<std::int64_t> before,
                              std::optional<std::int64_t> after) {
  std::vector<std::string> near;
  for (const auto& one : {before, after}) {
    if (one) near.push_back(std::to_string(*one));
  }
  fail(op, path.string(), ": step ", step, " was not probed; ",
       near.size() == 2 ? "the nearest are " : "the nearest is ", join(near, " and "));
}

[[noreturn]] void refuse_unprobed(const fs::path& path, const ProbeHeader& header) {
  fail(op, path.string(), ": no step was probed; the run has taken fewer than ",
       counted(header.every, "step"), ", so train for longer or with a smaller --probe");
}

void show(const ProbeOptions& options) {
  const fs::path path = probe_path(options);
  ProbeReader reader(op, path);
  Reading reading(reader.header(), signal_number(reader.header(), options.signal));
  ProbeRecord record;
  std::optional<ProbeRecord> chosen;
  std::optional<std::int64_t> before;
  std::optional<std::int64_t> after;
  while (reader.next(record)) {
    reading.add(record);
    if (options.step && record.step < *options.step) before = record.step;
    if (options.step && record.step > *options.step && !after) after = record.step;
    if (!options.step || record.step == *options.step) chosen = record;
  }
  if (reading.steps == 0) refuse_unprobed(path, reader.header());
  if (!chosen) refuse_step(path, *options.step, before, after);
  print(reader.header(), reading, *chosen);
}

void print_csv(const ProbeOptions& options) {
  ProbeReader reader(op, probe_path(options));
  ProbeRecord record;
  std::optional<ProbeCsv> csv;
  while (reader.next(record)) {
    if (!csv) {
      csv.emplace(reader.header(), record);
      std::cout << csv->head();
    }
    std::cout << csv->lines(record);
  }
  if (!csv) refuse_unprobed(probe_path(options), reader.header());
  std::cout << std::flush;
}

// How many steps the run is to have; 0 where that is not known.
std::int64_t planned_steps(const ProbeOptions& options, const ProbeHeader& header) {
  const fs::path config = options.run / config_file;
  std::error_code ignored;
  if (!fs::exists(config, ignored)) return 0;
  return facts_of_config(config).epochs * header.steps_per_epoch;
}

// Follows a file until it is replaced (true), or the run has done its last step or been left by who
// wrote it.
bool follow(const ProbeOptions& options, LiveLines& lines) {
  ProbeReader reader(op, probe_path(options));
  const ProbeHeader& header = reader.header();
  Reading reading(header, signal_number(header, options.signal));
  const std::int64_t planned = planned_steps(options, header);
  ProbeRecord record;
  int idle_polls = 0;
  bool is_left = false;
  while (true) {
    bool has_more = false;
    while (reader.next(record)) {
      reading.add(record);
      has_more = true;
      if (!lines.is_terminal()) std::cout << step_line(record) << std::endl;
    }
    if (has_more) {
      lines.draw(live_table(header, record, reading.signal, reading.history, lines.room()));
    }
    // The next probed step would be after the last one.
    if (planned > 0 && reading.steps > 0 && record.step + header.every > planned) {
      lines.draw({});
      print(header, reading, record);
      return false;
    }
    if (reader.is_replaced()) return true;
    // Only now, once what was written before it was left is read.
    if (is_left && !has_more) {
      lines.draw({});
      if (reading.steps > 0) print(header, reading, record);
      std::cerr << "plastic: [" << op << "] " << printable(options.run.string())
                << ": no program is writing this run any more, which ended after "
                << (reading.steps > 0 ? "step " + std::to_string(record.step) : "no probed step")
                << (planned > 0 ? " of " + std::to_string(planned) : "")
                << "; plastic train --resume continues it" << std::endl;
      return false;
    }
    idle_polls = has_more ? 0 : idle_polls + 1;
    is_left =
        idle_polls % polls_for_the_writer == polls_for_the_writer - 1 && !is_locked(options.run);
    std::this_thread::sleep_for(poll_interval);
  }
}

void wait_for_file(const fs::path& path) {
  std::error_code ignored;
  for (int i = 0; i < polls_for_the_file && !fs::exists(path, ignored); ++i) {
    if (i == 0) std::cerr << "waiting for " << printable(path.string()) << std::endl;
    std::this_thread::sleep_for(poll_interval);
  }
}

void tail(const ProbeOptions& options) {
  wait_for_file(probe_path(options));
  LiveLines lines;
  while (follow(options, lines)) {
    if (!lines.is_terminal()) std::cout << "the run begins again" << std::endl;
  }
}

void probe(const ProbeOptions& options) {
  if (options.run.empty()) throw UsageError("RUN: expected a folder, got nothing");
  if (options.tail && options.step)
    throw UsageError("--tail follows the last step; leave out --step");
  if (options.csv && (options.tail || options.step || !options.signal.empty())) {
    throw UsageError("--csv prints all steps and signals; leave out --tail, --step and --signal");
  }
  if (options.csv) {
    print_csv(options);
  } else if (options.tail) {
    tail(options);
  } else {
    show(options);
  }
}

std::string footer() {
  return "A RUN is a folder that train wrote with --out and --probe, or is still writing. "
         "Printed are,\n"
         "for each tensor, norms and the cosine between its last two updates; what the optimizer "
         "shows\n"
         "of how it decides (NeuroPlastic: α, how much of it is at a clip, and what it is made "
         "of),\n"
         "with its course over the run; and in words which layer is at a clip first. 'plastic "
         "report\n"
         "RUN' draws the same. --tail ends with the run, also with one that was stopped, or by\n"
         "Ctrl-C.\n"
         "\n"
         "Examples:\n"
         "  plastic train --data fashion-mnist --probe 10 --out runs/first\n"
         "  plastic probe runs/first\n"
         "  plastic probe runs/first --step 120\n"
         "  plastic probe runs/first --tail              # while it trains, as over ssh\n"
         "  plastic probe runs/first --csv > first.csv   # for pandas.read_csv()";
}

}  // namespace

void add_probe(CLI::App& program) {
  const auto options = std::make_shared<ProbeOptions>();
  CLI::App& command = add_command(program, "probe", "Print what the optimizer did in each layer.",
                                  footer(), [options] { probe(*options); });
  command
      .add_option_function<std::string>(
          "RUN", [options](const std::string& text) { options->run = path_of_utf8(text); },
          "The folder of a run")
      ->required()
      ->type_name("DIR");
  add_text_option(command, "--step", "N", "", "Output", "A probed step; without it, the last",
                  [options](const std::string& text) {
                    options->step =
                        parse_integer(text, 0, std::numeric_limits<std::int64_t>::max());
                  });
  add_text_option(command, "--signal", "NAME", "", "Output",
                  "Which of the optimizer's signals; without it, the one that it clips",
                  [options](const std::string& text) { options->signal = text; });
  add_switch(command, "--tail", "Output", "Follow a training that is running", options->tail);
  add_switch(command, "--csv", "Output", "Print all steps as CSV, a line for each tensor",
             options->csv);
}

}  // namespace plastic::apps

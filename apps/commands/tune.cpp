// plastic tune: the settings of one optimizer, by a range test or by a search.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <system_error>

#include "apps/cli/config_option.h"
#include "apps/cli/options.h"
#include "apps/cli/processors_text.h"
#include "apps/cli/values.h"
#include "apps/commands/commands.h"
#include "apps/commands/study.h"
#include "apps/ranks/ranks.h"
#include "apps/runs/run_files.h"
#include "apps/runs/run_folder.h"
#include "apps/study/analysis/study_results.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/standard_streams.h"
#include "apps/terminal/terminal_text.h"
#include "apps/training/last_batch.h"
#include "apps/training/model_choice.h"
#include "apps/training/schedules.h"
#include "apps/tuning/range_report.h"
#include "apps/tuning/search_spaces.h"
#include "apps/tuning/tuning_study.h"
#include "core/check.h"
#include "core/shell_text.h"
#include "plastic/core/device.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

struct TuneOptions {
  RunOptions run;
  TuningRequest request;
  /// A search where it is given.
  std::optional<int> trials;
  std::optional<int> jobs;
  bool dry_run = false;
  std::optional<double> from;
  std::optional<double> to;
  std::optional<std::int64_t> steps;
};

constexpr const char* search_options[] = {"search", "tuning-seeds", "select", "jobs", "dry-run"};
constexpr const char* range_options[] = {"from", "to", "steps"};

/// Those that decide the runs, as `plastic train` takes them.
GivenValues given_values(const CLI::App& command) {
  GivenValues given;
  for (const Option& option : option_table()) {
    const bool is_of_call = option.effect == Effect::call || option.name == "threads" ||
                            option.name == "optimizer" || option.name == "tensorboard";
    const CLI::Option* found = command.get_option_no_throw("--" + option.name);
    if (is_of_call || found == nullptr || found->count() == 0) continue;
    std::string value = found->results().front();
    const bool is_switch =
        option.is_switch() || (option.of_optimizer != nullptr && option.of_optimizer->is_switch);
    if (is_switch && value != "false") value = "true";
    if (option.name == "data-dir") value = fs::absolute(value).string();
    given.emplace_back(&option, value);
  }
  return given;
}

void refuse_options(const CLI::App& command, std::span<const char* const> names,
                    const std::string& reason) {
  for (const char* name : names) {
    if (command.get_option("--" + std::string(name))->count() > 0) {
      throw UsageError("--" + std::string(name) + ": " + reason);
    }
  }
}

fs::path folder_of(const TuneOptions& options) {
  if (!options.run.out.empty()) return options.run.out;
  return fs::path("runs") / ("tune-" + options.run.data + "-" + options.request.optimizer);
}

// Where an option is fixed, it is not searched.
SearchSpace space_beside(const GivenValues& given, const std::string& optimizer) {
  SearchSpace space = default_search_space(optimizer);
  std::erase_if(space, [&](const SearchDimension& dimension) {
    return std::ranges::any_of(
        given, [&](const auto& one) { return one.first->name == dimension.option->name; });
  });
  if (space.empty()) {
    throw UsageError("everything that is searched for " + optimizer +
                     " by default is given; name something else with --search");
  }
  return space;
}

// The trial to recommend. Throws Error where there is none, with how the first lost run ended.
int found_by(const StudyExecution& execution) {
  const auto is_of = [](StudyPhase phase, bool has_finished) {
    return [=](const StudyRecord& record) {
      return record.run.phase == phase && (record.run.end == RunEnd::finished) == has_finished;
    };
  };
  const std::vector<StudyRecord> done = execution.done();
  const auto advice = "; search other settings, or fix the cause and begin again with --overwrite";
  const std::optional<int> chosen = execution.choice(0, 0);
  if (!chosen) {
    const auto lost = std::ranges::find_if(done, is_of(StudyPhase::tuning, false));
    fail("tune", "no run of any trial has finished, and nothing is chosen",
         lost == done.end() ? "" : "; the first: " + printable(lost->run.message), advice);
  }
  if (std::ranges::none_of(done, is_of(StudyPhase::verdict, true))) {
    const auto lost = std::ranges::find_if(done, is_of(StudyPhase::verdict, false));
    fail("tune", "trial ", *chosen, " was chosen, but none of its runs with --seeds has finished",
         lost == done.end() ? "" : "; the first: " + printable(lost->run.message), advice);
  }
  return *chosen;
}

void search(const TuneOptions& options) {
  if (options.run.threads) {
    throw UsageError(
        "--threads: each run of a search computes with one; --jobs says how many run "
        "side by side");
  }
  if (options.run.tensorboard) {
    throw UsageError(
        "--tensorboard: the runs of a search have no folders of their own; give it to "
        "plastic train with the settings that the search finds");
  }
  TuningRequest request = options.request;
  request.trials = *options.trials;
  if (request.space.empty()) request.space = space_beside(request.given, request.optimizer);
  const fs::path folder = folder_of(options);
  const std::string text = tuning_study_text(request);
  const StudyPlan plan(parse_study_file(study_copy_path(folder).string(), text));
  const std::string command = tune_command(request, "--out " + shell_quoted(folder.string()));
  carry_out_study(plan,
                  {.folder = folder,
                   .jobs = options.jobs,
                   .overwrite = options.run.overwrite,
                   .dry_run = options.dry_run,
                   .command = command},
                  [&](const StudyExecution& execution) {
                    std::cout << "\nTo train with the settings found, on all training images:\n  "
                              << train_command(request.optimizer, request.given,
                                               plan.trial(0, found_by(execution)))
                              << std::endl;
                  });
}

Settings conditions_of(const RunOptions& options, const data::DatasetPair& data) {
  return {{"data", options.data},
          {"model", nn::describe(classifier_form(data, options.run))},
          {"batch-size", std::to_string(options.run.batch_size)},
          {"optimizer", options.run.optimizer.name}};
}

void test_range(TuneOptions& options) {
  check_is_alone("a range test (tune without --trials)");
  RunOptions& run = options.run;
  if (run.tensorboard || run.probe > 0) {
    throw UsageError(std::string(run.tensorboard ? "--tensorboard" : "--probe") +
                     ": goes with plastic train");
  }
  const std::string& optimizer = options.request.optimizer;
  const std::vector<Variant> variants = {{.name = optimizer, .optimizer = optimizer}};
  check_overrides(run.overrides, variants);
  run.run.optimizer = resolve_settings(optimizer, run.paper, run.overrides);
  use(run.arithmetic, run.run.device);
  check_device(run.run.device);
  if (run.threads) set_num_threads(*run.threads);
  const data::DatasetPair data = load_data(run);
  TrainConfig config = run.run;
  for (const std::uint64_t seed : options.request.seeds) {
    config.seed = seed;
    check_batches(config, data.train);
  }
  RangeReport report{.optimizer = optimizer,
                     .conditions = conditions_of(run, data),
                     .settings = effective_settings(config.optimizer),
                     .options = usual_range_test(config, data.train)};
  if (options.from) report.options.low = *options.from;
  if (options.to) report.options.high = *options.to;
  if (options.steps) report.options.steps = *options.steps;
  check_range_test(report.options);
  const fs::path folder = folder_of(options);
  const ReaderMayLeave reader;
  const FolderLock lock = open_study_folder(folder, run.overwrite);

  std::cout << run_header(run, data) << "\noptimizer  " << optimizer << ": "
            << describe(config.optimizer) << "\ntest       learning rates from "
            << brief(report.options.low) << " to " << brief(report.options.high) << " in "
            << report.options.steps << " steps; " << options.request.seeds.size()
            << (options.request.seeds.size() == 1 ? " seed" : " seeds") << "\n"
            << std::endl;
  {
    Progress progress(report.options.steps * std::ssize(options.request.seeds));
    std::int64_t done = 0;
    for (const std::uint64_t seed : options.request.seeds) {
      config.seed = seed;
      report.runs.push_back(run_range_test(config, data, report.options, [&] {
        ++done;
        if (progress.due()) progress.update(done, "seed " + std::to_string(seed), "");
      }));
    }
  }
  report.advice = rate_advice(report.options, report.runs);
  if (report.advice.rate) {
    GivenValues given = options.request.given;
    std::erase_if(given, [](const auto& one) { return one.first->name == "lr"; });
    report.commands.push_back(
        train_command(optimizer, given, {{"lr", text_of_rate(*report.advice.rate)}}));
    report.commands.push_back(
        tune_command({.optimizer = optimizer,
                      .given = given,
                      .space = {parse_search_dimension("lr=log:" + text_of_rate(report.advice.low) +
                                                       ":" + text_of_rate(report.advice.high))}}));
  }
  write_run_file(folder / range_file, range_json(report));
  write_run_file(folder / range_page_file, range_page(report));
  std::cout << range_table(report) << "\npicture in "
            << printable((folder / range_page_file).string()) << std::endl;
}

std::string default_spaces_text() {
  std::string text;
  for (const std::string& name : optimizer_names()) {
    std::vector<std::string> parts;
    for (const SearchDimension& one : default_search_space(name)) parts.push_back(to_text(one));
    text += "  " + name + ": " + join(parts, " ") + "\n";
  }
  return text;
}

std::string footer() {
  return "Without --trials, a range test (Smith, arXiv 1506.01186): the learning rate rises by "
         "the\n"
         "same factor in each step while the network trains, with each seed from its own start,\n"
         "and the loss shows where training is fastest and where it breaks. It takes as long as\n"
         "an epoch for each seed. Schedules and warm-ups are left out.\n"
         "\n"
         "With --trials N, a search: a study (see 'plastic study --help') of this one optimizer.\n"
         "N settings are tried with each of --tuning-seeds, the best by validation runs with\n"
         "--seeds, and what it reaches there on the test set is the answer. The same command\n"
         "continues a search that was interrupted or killed, and more trials may be added to it.\n"
         "\n"
         "What is searched by default, and is not given:\n" +
         default_spaces_text() +
         "\n"
         "DIR (runs/tune-DATA-OPTIMIZER, or --out) holds\n"
         "  lr-range.html  the range test's picture, and lr-range.json, its numbers\n"
         "  report.html    the search's page, beside the other files of a study\n"
         "\n"
         "Examples:\n"
         "  plastic tune --optimizer adamw\n"
         "  plastic tune --optimizer sgd --from 1e-3 --to 10 --steps 500 --seeds 1..5\n"
         "  plastic tune --data fashion-mnist --fraction 0.1 --optimizer adamw --trials 20\n"
         "  plastic tune --optimizer sgd --trials 30 --search lr=log:1e-3:1 \\\n"
         "    --search momentum=choices:0:0.9:0.99";
}

void add_search_options(CLI::App& command, const std::shared_ptr<TuneOptions>& options) {
  const std::string group = "Search";
  add_text_option(command, "--trials", "N", "none: a range test", group,
                  "Search by so many settings", [options](const std::string& text) {
                    options->trials = static_cast<int>(parse_integer(text, 1, 100'000));
                  });
  const auto dimensions = [options](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      try {
        options->request.space.push_back(parse_search_dimension(text));
      } catch (const UsageError& error) {
        throw CLI::ValidationError("--search", error.what());
      }
    }
  };
  command
      .add_option_function<std::vector<std::string>>(
          "--search", dimensions,
          "Search this option instead of the default ones, in a range (KIND is log, uniform, "
          "integer or integer-log) or among values (choices:A:B:C); may be given several times")
      ->type_name("OPTION=KIND:LOW:HIGH")
      ->allow_extra_args(false)
      ->group(group);
  add_text_option(command, "--tuning-seeds", "N,N..N,...", "1001,1002", group,
                  "Those of the trials, whose score is the mean over them",
                  [options](const std::string& text) {
                    options->request.tuning_seeds = parse_seed_list(parse_list(text, true));
                  });
  add_text_option(command, "--select", "NAME", "accuracy", group,
                  "What of the validation part the trials are compared by: accuracy or loss",
                  [options](const std::string& text) {
                    options->request.goal = parse_choice(text, {"accuracy", "loss"}) == "loss"
                                                ? TuningGoal::loss
                                                : TuningGoal::accuracy;
                  });
  add_text_option(command, "--jobs", "N", usable_processors_text, group,
                  "Runs side by side, each with one thread; on a CUDA device 1 by default",
                  [options](const std::string& text) {
                    options->jobs = static_cast<int>(parse_integer(text, 1, max_jobs));
                  });
  add_switch(command, "--dry-run", group, "Say how many runs there are and how long they take",
             options->dry_run);
}

void add_range_options(CLI::App& command, const std::shared_ptr<TuneOptions>& options) {
  const std::string group = "Range test";
  const Range rates{.low = 0.0, .high = 1e6, .low_included = false};
  add_text_option(
      command, "--from", "X", "lr / 1000", group, "The learning rate of the first step",
      [options, rates](const std::string& text) { options->from = parse_number(text, rates); });
  add_text_option(
      command, "--to", "X", "lr x 1000", group, "That of the last step",
      [options, rates](const std::string& text) { options->to = parse_number(text, rates); });
  add_text_option(command, "--steps", "N", "an epoch, at least 200", group, "Steps in between",
                  [options](const std::string& text) {
                    options->steps = parse_integer(text, min_range_steps, 10'000'000);
                  });
}

}  // namespace

void add_tune(CLI::App& program) {
  const auto options = std::make_shared<TuneOptions>();
  CLI::App* command = nullptr;
  command = &add_command(
      program, "tune", "Find the learning rate, or other settings, of one optimizer.", footer(),
      [options, &program] {
        CLI::App& own = *program.get_subcommand("tune");
        options->request.given = given_values(own);
        settle(options->run);
        if (options->trials) {
          refuse_options(own, range_options, "goes with a range test, without --trials");
          return search(*options);
        }
        refuse_options(own, search_options, "goes with a search; add --trials N");
        test_range(*options);
      });
  add_run_options(*command, CommandSet::both, options->run, [command, options] {
    add_text_option(*command, "--optimizer", "NAME", options->request.optimizer, "Optimizer",
                    join(optimizer_names()), [options](const std::string& text) {
                      options->request.optimizer = parse_choice(text, optimizer_names());
                    });
    add_search_options(*command, options);
    add_range_options(*command, options);
    add_text_option(*command, "--seeds", "N,N..N,...", "41,42,43", "Training",
                    "A range test with each; in a search, what was chosen runs with each",
                    [options](const std::string& text) {
                      options->request.seeds = parse_seed_list(parse_list(text, true));
                    });
  });
}

}  // namespace plastic::apps

// plastic compare: several optimizers from the same starts, and the table.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "apps/cli/config_option.h"
#include "apps/cli/options.h"
#include "apps/cli/processors_text.h"
#include "apps/cli/values.h"
#include "apps/commands/commands.h"
#include "apps/commands/report.h"
#include "apps/runs/run_files.h"
#include "apps/runs/run_folder.h"
#include "apps/study/comparison/compared_runs.h"
#include "apps/study/comparison/comparison.h"
#include "apps/study/comparison/comparison_json.h"
#include "apps/study/comparison/variants.h"
#include "apps/study/study_file.h"
#include "apps/study/workers.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/standard_streams.h"
#include "apps/terminal/terminal_text.h"
#include "apps/training/interrupt.h"
#include "apps/training/last_batch.h"
#include "apps/training/model_choice.h"
#include "apps/training/schedules.h"
#include "core/threads/processors.h"
#include "plastic/core/device.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

struct CompareOptions {
  RunOptions run;
  std::vector<Variant> variants = parse_variants("neuroplastic,grad-only,sgd,adam");
  std::vector<std::uint64_t> seeds = {41, 42, 43};
  std::optional<int> jobs;
};

std::vector<Variant> parse_rows(const std::string& text) {
  std::vector<Variant> variants = parse_variants(text);
  if (variants.size() < 2) throw UsageError("expected two or more to compare, got '" + text + "'");
  return variants;
}

std::string names_of(const std::vector<Variant>& variants) {
  std::vector<std::string> names;
  for (const Variant& variant : variants) names.push_back(variant.name);
  return join(names, ",");
}

bool holds_comparison(const fs::path& folder) {
  std::error_code error;
  return fs::is_regular_file(comparison_path(folder), error);
}

ComparedRunsOptions resolve(const CompareOptions& options) {
  const RunOptions& run = options.run;
  check_overrides(run.overrides, options.variants);
  check_schedule(run.run);
  ComparedRunsOptions resolved{.run = run,
                               .variants = options.variants,
                               .optimizers = {},
                               .seeds = options.seeds,
                               .out = run.out};
  for (const Variant& variant : options.variants) {
    resolved.optimizers.push_back(
        resolve_settings(variant, options.variants, run.paper, run.overrides));
  }
  return resolved;
}

bool uses_device(const RunOptions& options) { return options.run.device.type != DeviceType::cpu; }

// How many runs go side by side.
int jobs_of(const CompareOptions& options, std::size_t runs) {
  const RunOptions& run = options.run;
  if (options.jobs.value_or(1) > 1) {
    const std::string given = "--jobs " + std::to_string(*options.jobs);
    if (uses_device(run)) {
      throw UsageError(given + ": on " + to_string(run.run.device) +
                       " runs follow each other; leave it out");
    }
    if (run.threads.value_or(1) > 1) {
      throw UsageError(given + ": runs side by side have a thread each, --threads " +
                       std::to_string(*run.threads) + " asks for more; leave out one of them");
    }
  }
  const bool follow_each_other = uses_device(run) || run.threads;
  const int jobs =
      options.jobs.value_or(follow_each_other ? 1 : std::min(usable_processors(), max_jobs));
  return static_cast<int>(std::min(static_cast<std::size_t>(jobs), runs));
}

// What is drawn of small classes depends on the seed.
void check_parts(const ComparedRunsOptions& options, const data::ImageDataset& train) {
  TrainConfig config = options.run.run;
  for (const std::uint64_t seed : options.seeds) {
    config.seed = seed;
    check_batches(config, train);
  }
}

void print_header(const data::DatasetPair& data, const ComparedRunsOptions& options,
                  const ComparedRuns& runs, int jobs) {
  std::cout << run_header(options.run, data) << "\noptimizers"
            << (options.run.paper ? " (the paper's settings)" : "") << "\n";
  int width = 14;
  for (const Variant& variant : options.variants) {
    width = std::max(width, static_cast<int>(std::ssize(variant.name)) + 2);
  }
  for (std::size_t i = 0; i < options.variants.size(); ++i) {
    const Variant& variant = options.variants[i];
    std::cout << "  " << pad(variant.name, width)
              << (variant.name == variant.optimizer ? "" : variant.optimizer + ", ")
              << describe(options.optimizers[i]) << "\n";
  }
  for (const std::string& sentence :
       idle_overrides(options.run.overrides, options.variants, options.optimizers)) {
    std::cout << "warning    " << sentence << "\n";
  }
  for (const std::string& sentence : idle_options(options.run)) {
    std::cout << "warning    " << sentence << "\n";
  }
  if (options.is_continued) {
    std::cout << "continued  " << printable(options.out.string()) << ": " << runs.found_count()
              << " of " << runs.run_count() << " runs are done\n";
  }
  if (jobs > 1) std::cout << jobs << " runs side by side, with a thread each\n";
  std::cout
      << "Each seed gives all of them one initial network, one subset and one order of images.\n"
      << std::endl;
}

// What a comparison leaves, whole or not.
class Results {
 public:
  // `jobs` are all numbers of runs side by side that its seconds are of.
  Results(const ComparedRunsOptions& options, const ComparedRuns& runs, std::set<int> jobs)
      : options_(options), runs_(runs), jobs_(std::move(jobs)) {}

  void save() const {
    if (options_.out.empty()) return;
    write_run_file(comparison_path(options_.out), comparison_json({.options = options_.run,
                                                                   .seeds = options_.seeds,
                                                                   .variants = options_.variants,
                                                                   .settings = options_.optimizers,
                                                                   .rows = runs_.rows(),
                                                                   .jobs = jobs_}));
  }

  void print() const {
    const std::string seconds = seconds_sentence(jobs_);
    std::cout << "\n"
              << comparison_table(runs_.rows()) << "\n"
              << conclusion(runs_.rows()) << (seconds.empty() ? "" : " " + seconds) << std::endl;
  }

  void report() const {
    if (options_.out.empty() || runs_.ended_count() == 0) return;
    std::cout << "results in " << printable(options_.out.string()) << std::endl;
    const fs::path page = options_.out / report_file;
    write_report({options_.out}, page);
    std::cout << "report in " << printable(page.string()) << std::endl;
  }

 private:
  const ComparedRunsOptions& options_;
  const ComparedRuns& runs_;
  std::set<int> jobs_;
};

std::string how_to_continue(const ComparedRunsOptions& options, const ComparedRuns& runs) {
  const std::string done = "; " + std::to_string(runs.ended_count()) + " of " +
                           std::to_string(runs.run_count()) + " runs are done";
  return done + (options.out.empty()
                     ? ". Nothing was kept: --out DIR would have"
                     : ", and all is saved. To continue, give the same command again");
}

void compare(const CompareOptions& options) {
  const RunOptions& run = options.run;
  if (run.probe > 0 && run.out.empty()) throw UsageError("--probe needs --out");
  check_tensorboard(run);
  ComparedRunsOptions resolved = resolve(options);
  use(run.arithmetic, run.run.device);
  check_device(run.run.device);
  const int jobs = jobs_of(options, resolved.variants.size() * resolved.seeds.size());
  if (jobs > 1) set_num_threads(1);
  if (run.threads) set_num_threads(*run.threads);
  const data::DatasetPair data = load_data(run);
  check_parts(resolved, data.train);
  check_probe(run.run, data.train);
  std::optional<FolderLock> lock;
  std::optional<ReaderMayLeave> reader;
  if (!run.out.empty()) {
    reader.emplace();
    resolved.is_continued = !run.overwrite && holds_comparison(run.out);
    lock.emplace(prepare_run_folder(run.out, run.overwrite || resolved.is_continued));
  }
  ComparedRuns runs(resolved, data);
  std::set<int> all_jobs = {jobs};
  if (resolved.is_continued) all_jobs.merge(jobs_of_comparison(comparison_path(run.out)));
  const Results results(resolved, runs, std::move(all_jobs));
  print_header(data, resolved, runs, jobs);
  const InterruptGuard guard;
  results.save();
  try {
    runs.run(jobs, [&] { results.save(); });
  } catch (const Interrupted& stop) {
    std::cout << "\nSo far:";
    results.print();
    results.report();
    throw Interrupted(stop.what() + how_to_continue(resolved, runs));
  }
  results.print();
  results.report();
}

std::string footer() {
  return "An optimizer may be compared under several names: --optimizers sgd,fast=sgd. --lr,\n"
         "--weight-decay, --momentum, --lr-decay and the options of NeuroPlastic take one value "
         "for\n"
         "all or one for each name: --lr sgd=0.05,fast=0.1. The name of an optimizer that is no "
         "row\n"
         "of its own stands for all its rows. Options of NeuroPlastic hold for neuroplastic and\n"
         "grad-only alike, but --np.mode for neuroplastic only.\n"
         "\n"
         "The table shows the test accuracy after the last epoch, mean ± sample standard\n"
         "deviation over the seeds, with --validation after that on the validation images; the "
         "mean\n"
         "difference to the first optimizer, seed by seed, with its 95% interval; in how many "
         "seeds\n"
         "the row is ahead of it; p of Wilcoxon's signed-rank test on the differences, after "
         "Holm's\n"
         "correction over the rows; and the seconds of training per run, without the tests. What "
         "the\n"
         "sentences below it say follows from p: one is ahead where it is below 0.05. Three seeds\n"
         "cannot show that, whatever they give; six can, eight for five optimizers or more. A run\n"
         "whose loss stops being finite has diverged: the others follow, the means leave it out, "
         "the\n"
         "row says so, and it counts as behind a run that finished. The exit code is 0 once the "
         "table\n"
         "is whole, whatever diverged.\n"
         "\n"
         "Runs go side by side in processes of their own, with one thread each, which is faster "
         "for\n"
         "networks of this size; their results are the same, their seconds are not, and the table "
         "says\n"
         "so. --threads N, --jobs 1 and a CUDA device have one run follow the other.\n"
         "\n"
         "--out DIR writes DIR/compare.json, DIR/report.html (see 'plastic report --help') and\n"
         "DIR/NAME-seed-N with the files of each run (see 'plastic train --help'; diverged.json "
         "says\n"
         "where one diverged). Ctrl-C, SIGTERM, SIGHUP or SIGUSR1 ends the comparison after the "
         "batch "
         "under\n"
         "way, with the table so far and exit code 130; a second one ends it at once. The same\n"
         "command continues it: runs that ended are kept, the one under way continues from its\n"
         "checkpoint. More seeds or rows may be added so.\n"
         "\n"
         "The paper's settings:\n" +
         paper_settings_text() +
         "\n"
         "Examples:\n"
         "  plastic compare\n"
         "  plastic compare --data fashion-mnist --fraction 0.1 --paper --out runs/compare\n"
         "  plastic compare --optimizers sgd,plain=sgd,adam --momentum plain=0 --lr plain=0.1\n"
         "  plastic compare --optimizers neuroplastic,adamw --seeds 1,2,3,4,5 "
         "--np.plasticity-scale 2";
}

}  // namespace

void add_compare(CLI::App& program) {
  const auto options = std::make_shared<CompareOptions>();
  CLI::App& command = add_command(
      program, "compare", "Train with several optimizers from the same starts and print a table.",
      footer(), [options] {
        settle(options->run);
        compare(*options);
      });
  add_config_option(command);
  add_run_options(command, CommandSet::both, options->run, [&command, options] {
    add_text_option(command, "--optimizers", "A,B,...", names_of(options->variants), "Optimizer",
                    "What to compare, the reference first: " + join(optimizer_names()) +
                        "; NAME=OPTIMIZER gives one a name of its own",
                    [options](const std::string& text) { options->variants = parse_rows(text); });
    add_text_option(
        command, "--seeds", "N,N..N,...", "41,42,43", "Training",
        "One run per optimizer for each; a seed decides initial weights, dropout, order "
        "and subset of the images, which of them are for validation, and label noise",
        [options](const std::string& text) {
          options->seeds = parse_seed_list(parse_list(text, true));
        });
    add_text_option(
        command, "--jobs", "N", usable_processors_text, "Training",
        "Runs side by side, each with one thread; 1 by default with --threads or on a CUDA device",
        [options](const std::string& text) {
          options->jobs = static_cast<int>(parse_integer(text, 1, max_jobs));
        });
  });
}

}  // namespace plastic::apps

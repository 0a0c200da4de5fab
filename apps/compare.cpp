// plastic compare: several optimizers from the same starts, and the table.
#include <iostream>
#include <memory>
#include <optional>

#include "apps/commands.h"
#include "apps/comparison.h"
#include "apps/config_file.h"
#include "apps/config_option.h"
#include "apps/metrics.h"
#include "apps/options.h"
#include "apps/progress.h"
#include "apps/report.h"
#include "apps/run_files.h"
#include "apps/run_folder.h"
#include "apps/run_recorder.h"
#include "apps/saved_run.h"
#include "apps/schedules.h"
#include "apps/training.h"
#include "apps/values.h"
#include "plastic/core/device.h"

namespace plastic::apps {
namespace {

struct CompareOptions {
  SharedOptions shared;
  std::vector<std::string> optimizers = {"neuroplastic", "grad-only", "sgd", "adam"};
  std::vector<std::uint64_t> seeds = {41, 42, 43};
};

std::vector<std::uint64_t> parse_seeds(const std::string& text) {
  std::vector<std::uint64_t> seeds;
  for (const std::string& part : parse_list(text, true)) seeds.push_back(parse_seed(part));
  return seeds;
}

std::vector<std::string> parse_optimizers(const std::string& text) {
  const std::vector<std::string> names = parse_list(text, true);
  for (const std::string& name : names) parse_choice(name, optimizer_names());
  if (names.size() < 2) throw UsageError("expected two or more to compare, got '" + text + "'");
  return names;
}

// The runs of a comparison, seed by seed, so that the optimizers can be compared from the first
// seed on.
class Comparison {
 public:
  Comparison(const CompareOptions& options, const data::DatasetPair& data,
             std::vector<OptimizerSettings> settings)
      : options_(options),
        data_(data),
        settings_(std::move(settings)),
        steps_(step_count(options.shared.run, data.train.size())),
        progress_(steps_ * run_count()) {
    for (const OptimizerSettings& optimizer : settings_) {
      runs_.push_back({.optimizer = optimizer.name, .accuracies = {}, .seconds = {}});
    }
  }

  const std::vector<OptimizerRuns>& run() {
    for (const std::uint64_t seed : options_.seeds) {
      for (std::size_t i = 0; i < settings_.size(); ++i) run_one(seed, i);
    }
    return runs_;
  }

 private:
  std::int64_t run_count() const { return std::ssize(settings_) * std::ssize(options_.seeds); }

  void run_one(std::uint64_t seed, std::size_t i) {
    TrainConfig config = options_.shared.run;
    config.optimizer = settings_[i];
    config.seed = seed;
    const std::string name = config.optimizer.name;
    const std::string label = "[" + std::to_string(done_ + 1) + "/" + std::to_string(run_count()) +
                              "] " + name + " seed " + std::to_string(seed) + "  ";
    std::filesystem::path folder;
    std::optional<FolderLock> lock;
    if (!options_.shared.out.empty()) {
      folder = options_.shared.out / (name + "-seed-" + std::to_string(seed));
      lock.emplace(prepare_inner_run_folder(folder, options_.shared.overwrite));
      start_folder(folder, config_text(run_settings(options_.shared), config));
    }
    RunRecorder recorder(progress_, label, done_ * steps_, config.epochs, false, folder);
    const std::vector<EpochResult> results = run_training(config, data_, recorder);
    ++done_;

    double seconds = 0.0;
    for (const EpochResult& result : results) seconds += result.seconds;
    const double accuracy = results.back().test_accuracy;
    runs_[i].accuracies.push_back(accuracy);
    runs_[i].seconds.push_back(seconds);
    progress_.print(label + "test accuracy " + format_percent(accuracy) + "  " +
                    format_fixed(seconds, 2) + " s");
  }

  const CompareOptions& options_;
  const data::DatasetPair& data_;
  std::vector<OptimizerSettings> settings_;
  std::int64_t steps_;
  Progress progress_;
  std::vector<OptimizerRuns> runs_;
  std::int64_t done_ = 0;
};

void compare(const CompareOptions& options) {
  const SharedOptions& shared = options.shared;
  check_overrides(shared.overrides, options.optimizers);
  check_schedule(shared.run);
  std::vector<OptimizerSettings> settings;
  for (const std::string& name : options.optimizers) {
    settings.push_back(resolve_settings(name, shared.paper, shared.overrides));
  }
  use(shared.arithmetic, shared.run.device);
  check_device(shared.run.device);
  if (shared.threads) set_num_threads(*shared.threads);
  const data::DatasetPair data = load_data(shared);
  std::optional<FolderLock> lock;
  if (!shared.out.empty()) lock.emplace(prepare_run_folder(shared.out, shared.overwrite));

  std::cout << run_header(shared, data) << "\noptimizers"
            << (shared.paper ? " (the paper's settings)" : "") << "\n";
  for (const OptimizerSettings& optimizer : settings) {
    std::cout << "  " << pad(optimizer.name, 14) << describe(optimizer) << "\n";
  }
  std::cout
      << "Each seed gives all of them one initial network, one subset and one order of images.\n"
      << std::endl;
  Comparison comparison(options, data, settings);
  const std::vector<OptimizerRuns>& runs = comparison.run();
  std::cout << "\n" << comparison_table(runs) << "\n" << conclusion(runs) << std::endl;
  if (!shared.out.empty()) {
    write_run_file(shared.out / "compare.json",
                   comparison_json(shared.data, shared.run, options.seeds, settings, runs));
    std::cout << "results in " << shared.out.string() << std::endl;
    write_report({shared.out}, shared.out / "report.html");
    std::cout << "report in " << (shared.out / "report.html").string() << std::endl;
  }
}

std::string footer() {
  return "--lr, --weight-decay and --lr-decay take one number for all or one for each optimizer "
         "that\n"
         "is named: --lr sgd=0.05,adam=0.001. Options of NeuroPlastic hold for neuroplastic and\n"
         "grad-only alike, but --np.mode for neuroplastic only.\n"
         "\n"
         "The table shows the test accuracy after the last epoch, mean ± deviation of a sample "
         "over\n"
         "the seeds; the difference to the first optimizer, seed by seed; in how many seeds the "
         "row\n"
         "is ahead of it; and the seconds of training a run, without the tests.\n"
         "--out DIR writes DIR/compare.json, DIR/report.html (see 'plastic report --help') and\n"
         "DIR/OPTIMIZER-seed-N with the metrics.jsonl and config.toml of each run (see 'plastic\n"
         "train --help').\n"
         "\n"
         "The paper's settings:\n" +
         paper_settings_text() +
         "\n"
         "Examples:\n"
         "  plastic compare\n"
         "  plastic compare --data fashion-mnist --fraction 0.1 --paper --out runs/compare\n"
         "  plastic compare --optimizers neuroplastic,adamw --seeds 1,2,3,4,5 "
         "--np.plasticity-scale "
         "2";
}

}  // namespace

void add_compare(CLI::App& program) {
  const auto options = std::make_shared<CompareOptions>();
  CLI::App& command = add_command(
      program, "compare", "Train with several optimizers from the same starts and print a table.",
      footer(), [options] {
        settle(options->shared);
        compare(*options);
      });
  add_config_option(command);
  add_shared_options(command, options->shared, [&command, options] {
    add_text_option(
        command, "--optimizers", "A,B,...", join(options->optimizers, ","), "Optimizer",
        "What to compare, the reference first: " + join(optimizer_names()),
        [options](const std::string& text) { options->optimizers = parse_optimizers(text); });
    add_text_option(command, "--seeds", "N,N,...", "41,42,43", "Training",
                    "One run an optimizer for each; a seed decides initial weights, dropout, order "
                    "and subset of the images",
                    [options](const std::string& text) { options->seeds = parse_seeds(text); });
  });
}

}  // namespace plastic::apps

// plastic train: one run.
#include <iostream>
#include <memory>

#include "apps/commands.h"
#include "apps/options.h"
#include "apps/progress.h"
#include "apps/run_folder.h"
#include "apps/run_recorder.h"
#include "apps/training.h"
#include "apps/values.h"
#include "plastic/core/device.h"
#include "plastic/data/catalog.h"

namespace plastic::apps {
namespace {

struct TrainOptions {
  SharedOptions shared;
  std::string optimizer = "neuroplastic";
  std::uint64_t seed = 41;
};

void train(const TrainOptions& options) {
  const SharedOptions& shared = options.shared;
  check_overrides(shared.overrides, {options.optimizer});
  TrainConfig config = shared.run;
  config.optimizer = resolve_settings(options.optimizer, shared.paper, shared.overrides);
  config.seed = options.seed;
  if (shared.threads) set_num_threads(*shared.threads);
  const data::DatasetPair data = data::load(shared.data, shared.data_dir);
  if (!shared.out.empty()) prepare_run_folder(shared.out, shared.overwrite);

  std::cout << run_header(shared, data) << ", seed " << config.seed << "\noptimizer  "
            << config.optimizer.name << (shared.paper ? " (the paper's settings): " : ": ")
            << describe(config.optimizer) << "\n"
            << std::endl;
  Progress progress(step_count(config, data.train.size()));
  RunRecorder recorder(progress, "", 0, config.epochs, true, shared.out);
  const EpochResult last = run_training(config, data, recorder).back();
  progress.print("final test accuracy " + format_percent(last.test_accuracy));
  if (!shared.out.empty()) {
    progress.print("results in " + (shared.out / "metrics.jsonl").string());
  }
}

std::string footer() {
  return "--out DIR writes DIR/metrics.jsonl, one JSON object an epoch: epoch, train_loss,\n"
         "train_accuracy (over the epoch's batches as they were met), test_loss, test_accuracy,\n"
         "seconds, images_per_second (training alone), learning_rate and, with --np.diagnostics,\n"
         "diagnostics (means over the epoch's steps). Accuracies are fractions.\n"
         "\n"
         "The paper's settings:\n" +
         paper_settings_text() +
         "\n"
         "Examples:\n"
         "  plastic train\n"
         "  plastic train --data fashion-mnist --paper --out runs/fashion\n"
         "  plastic train --data mnist --data-dir ~/mnist --optimizer sgd --lr 0.05 --epochs 3\n"
         "  plastic train --np.plasticity-scale 2 --np.warmup-epochs 2 --np.diagnostics --out "
         "runs/np";
}

}  // namespace

void add_train(CLI::App& program) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App& command =
      add_command(program, "train", "Train a network and test it after every epoch.", footer(),
                  [options] { train(*options); });
  add_shared_options(command, options->shared, [&command, options] {
    add_text_option(command, "--optimizer", "NAME", options->optimizer, "Optimizer",
                    join(optimizer_names()) + "; grad-only is NeuroPlastic's ablation",
                    [options](const std::string& text) {
                      options->optimizer = parse_choice(text, optimizer_names());
                    });
    add_text_option(command, "--seed", "N", std::to_string(options->seed), "Training",
                    "Decides initial weights, dropout, order and subset of the images",
                    [options](const std::string& text) { options->seed = parse_seed(text); });
  });
}

}  // namespace plastic::apps

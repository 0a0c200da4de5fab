// plastic train: one run.
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "apps/cli/config_file.h"
#include "apps/cli/config_option.h"
#include "apps/cli/config_reader.h"
#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "apps/commands/commands.h"
#include "apps/ranks/ranks.h"
#include "apps/runs/epoch_records.h"
#include "apps/runs/run_file_names.h"
#include "apps/runs/run_folder.h"
#include "apps/runs/saved_run.h"
#include "apps/runs/tensorboard_log.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/standard_streams.h"
#include "apps/terminal/terminal_text.h"
#include "apps/training/curvature.h"
#include "apps/training/fingerprint.h"
#include "apps/training/images_text.h"
#include "apps/training/interrupt.h"
#include "apps/training/last_batch.h"
#include "apps/training/model_choice.h"
#include "apps/training/schedules.h"
#include "apps/training/training.h"
#include "core/check.h"
#include "core/io/json_text.h"
#include "core/io/utf8_path.h"
#include "core/shell_text.h"
#include "nn/classifier_file.h"
#include "plastic/core/device.h"
#include "plastic/distributed.h"

namespace plastic::apps {
namespace {

struct TrainOptions {
  RunOptions run;
  EpochRecordOptions records = {};
  /// The run in run.out is continued.
  bool resume = false;
  /// Threads were asked for now, and not when that run was begun.
  bool has_new_threads = false;
  /// Which options of that run choose by accuracy: "keep-best", "early-stopping".
  std::vector<std::string> choices_before = {};
  /// Holds the run's folder from when it exists.
  std::optional<FolderLock> lock = {};
};

// Settles the optimizer, and gives a sentence for each option of it that has no effect.
std::vector<std::string> resolve(RunOptions& options) {
  const std::vector<Variant> variants = {
      {.name = options.optimizer, .optimizer = options.optimizer}};
  check_overrides(options.overrides, variants);
  options.run.optimizer = resolve_settings(options.optimizer, options.paper, options.overrides);
  check_schedule(options.run);
  std::vector<std::string> idle =
      idle_overrides(options.overrides, variants, {options.run.optimizer});
  for (const std::string& sentence : idle_options(options)) idle.push_back(sentence);
  return idle;
}

// The options that choose an epoch by its accuracy.
std::vector<std::string> choices(const RunOptions& options) {
  std::vector<std::string> names;
  if (options.keep_best) names.emplace_back("keep-best");
  if (options.early_stopping > 0) names.emplace_back("early-stopping");
  return names;
}

// Refuses to choose by the test set, whose accuracy would no longer say what to expect of new
// images. Runs that were begun when this was possible are continued, with a warning for each
// choice.
std::vector<std::string> check_choices(const TrainOptions& options) {
  if (options.run.run.validation > 0) return {};
  std::vector<std::string> warnings;
  for (const std::string& name : choices(options.run)) {
    if (std::ranges::find(options.choices_before, name) == options.choices_before.end()) {
      const std::string remedy =
          options.resume ? "this run set none aside; begin another: plastic train --config " +
                               shell_quoted((options.run.out / config_file).string()) +
                               " --validation 0.1 --out FOLDER"
                         : "give --validation 0.1, or leave out --" + name;
      throw UsageError("--" + name +
                       ": needs a part of the training set to choose by, as an accuracy that "
                       "something was chosen by is too high; " +
                       remedy);
    }
    warnings.push_back("--" + name +
                       " chooses by the test set, as this run was begun without "
                       "--validation: expect less of new images than the accuracy it reports");
  }
  return warnings;
}

SavedRunOptions saved_run_options(const RunOptions& options, const data::DatasetPair& data) {
  return {.folder = options.out,
          .config = config_text(options),
          .data = nn::to_text(classifier_form(data, options.run)),
          .epochs = options.run.epochs,
          .keep_best = options.keep_best,
          .early_stopping = options.early_stopping,
          .is_writer = distributed::rank() == 0,
          .tensorboard = options.tensorboard};
}

// Makes the folder ready and finds where the run stands.
std::optional<Checkpoint> open_folder(TrainOptions& options, const SavedRunOptions& saved) {
  if (saved.folder.empty() || !saved.is_writer) return std::nullopt;
  if (!is_utf8(saved.config)) throw UsageError("--data-dir: the path is not UTF-8");
  if (!options.resume) {
    options.lock.emplace(prepare_run_folder(saved.folder, options.run.overwrite));
    start_folder(saved.folder, saved.config);
    return std::nullopt;
  }
  tidy_run_folder(saved.folder);
  keep_private(saved.folder);
  return resume_folder(saved);
}

// What a run that continues with another number of epochs does otherwise than it was to do.
std::string changes_text(const Checkpoint& start, const TrainConfig& config,
                         const data::DatasetPair& data) {
  TrainConfig before = config;
  before.epochs = planned_epochs(start);
  std::string text;
  for (const std::string& change : schedule_changes(
           before, config, steps_per_epoch(config, data.train), steps_done(start.state))) {
    text += "warning    " + change + "\n";
  }
  return text;
}

// Signals are caught only where there is something to save.
std::vector<EpochResult> run(const SavedRunOptions& saved, Training& training,
                             const std::optional<Checkpoint>& start) {
  if (saved.folder.empty()) return run_saved(saved, training, start);
  const InterruptGuard guard;
  try {
    return run_saved(saved, training, start);
  } catch (const Interrupted& stop) {
    throw Interrupted(std::string(stop.what()) + "; all of it is saved. To continue:\n" +
                      "  plastic train --resume " + shell_quoted(saved.folder.string()));
  }
}

// What the run reached: after its last epoch, and after the one that was chosen.
std::vector<std::string> summary(const RunOptions& options,
                                 const std::vector<EpochResult>& results) {
  const EpochResult& last = results.back();
  const int best = best_epoch(results);
  const EpochResult& chosen = results[static_cast<std::size_t>(best) - 1];
  const std::string test = format_percent(chosen.test_accuracy);
  const std::string after = " after epoch " + std::to_string(best);
  const std::string final_line = "final test accuracy " + format_percent(last.test_accuracy);
  if (last.validation_accuracy && chosen.validation_accuracy) {
    return {final_line + ", validation accuracy " + format_percent(*last.validation_accuracy),
            "best validation accuracy " + format_percent(*chosen.validation_accuracy) + after +
                ", where the test accuracy is " + test};
  }
  if (choices(options).empty()) return {final_line};
  return {final_line, "best test accuracy " + test + after};
}

// Settles in what shards the ranks compute a batch, and with how many threads.
void settle_ranks(TrainOptions& options) {
  RunOptions& run_options = options.run;
  if (distributed::size() == 1) return;
  if (!run_options.has_shards && !options.resume)
    run_options.run.shards = distributed::ShardOptions().shards;
  if (!run_options.run.shards) {
    throw UsageError("--shards none: " +
                     std::string(options.resume ? "this run computes whole batches"
                                                : "whole batches are computed") +
                     " in one process, and there are " + std::to_string(distributed::size()) +
                     (options.resume ? "; continue it without mpirun"
                                     : "; give --shards 8, or start it without mpirun"));
  }
  const int shards = *run_options.run.shards;
  if (shards != 0 && shards < distributed::size()) {
    throw UsageError("--shards " + std::to_string(shards) + ": there are " +
                     std::to_string(distributed::size()) +
                     " ranks, each of which needs one; start fewer, or " +
                     (options.resume ? "begin another run with more shards" : "give more shards"));
  }
}

// What the ranks but the first do, which neither write nor show anything.
void train_beside(const SavedRunOptions& saved, const TrainConfig& config,
                  const data::DatasetPair& data, const std::optional<Checkpoint>& start) {
  TrainingObserver nobody;
  Training training(config, data, nobody, distributed::world());
  run(saved, training, start);
}

void train(TrainOptions& options) {
  RunOptions& run_options = options.run;
  settle_ranks(options);
  if (run_options.keep_best && run_options.out.empty()) throw UsageError("--keep-best needs --out");
  if (options.records.keep_every > 0 && run_options.out.empty()) {
    throw UsageError("--keep-every needs --out");
  }
  if (run_options.probe > 0 && run_options.out.empty()) throw UsageError("--probe needs --out");
  check_tensorboard(run_options);
  std::optional<ReaderMayLeave> reader;
  if (!run_options.out.empty()) reader.emplace();
  std::vector<std::string> warnings = resolve(run_options);
  for (const std::string& warning : check_choices(options)) warnings.push_back(warning);
  const TrainConfig& config = run_options.run;
  use(run_options.arithmetic, config.device);
  check_device(config.device);
  // Another number of ranks may share the machine now.
  const bool is_for_others = options.resume && distributed::size() > 1 && !options.has_new_threads;
  if (run_options.threads && !is_for_others) {
    set_num_threads(*run_options.threads);
  } else if (distributed::size() > 1) {
    set_num_threads(distributed::threads_per_rank());
  }
  const data::DatasetPair data = load_data(run_options);
  check_batches(config, data.train);
  check_probe(config, data.train);
  const SavedRunOptions saved = saved_run_options(run_options, data);
  if (distributed::size() > 1) {
    const std::string hash =
        fingerprint({data.train.images, data.train.labels, data.test.images, data.test.labels});
    check_ranks_agree(saved.config, images_text(data) + "\nhash " + hash);
    run_options.run.device = device_of_rank(config.device);
  }
  const std::optional<Checkpoint> start = share_checkpoint(open_folder(options, saved));
  if (!saved.is_writer) return train_beside(saved, config, data, start);
  const int done = start ? start->epoch : 0;

  std::cout << run_header(run_options, data) << ", seed " << config.seed << "\noptimizer  "
            << config.optimizer.name << (run_options.paper ? " (the paper's settings): " : ": ")
            << describe(config.optimizer) << "\n";
  for (const std::string& sentence : warnings) std::cout << "warning    " << sentence << "\n";
  if (options.resume) {
    std::cout << "resumed    " << printable(run_options.out.string());
    if (start) {
      std::cout << " after epoch " << done << " of " << config.epochs;
    } else {
      std::cout << ", of which nothing was done yet";
    }
    const std::int64_t steps = start ? steps_into_epoch(start->state) : 0;
    if (steps > 0) std::cout << " and step " << steps << " of the next";
    std::cout << "\n";
    if (start) std::cout << changes_text(*start, config, data);
  }
  std::cout << std::endl;
  Progress progress((config.epochs - done) * steps_per_epoch(config, data.train));
  TrainingDisplay display(progress, "", 0, config.epochs, true);
  EpochRecords records(options.records, run_options.out, saved.data, config, data.train, display,
                       progress);
  std::optional<TensorBoardLog> log;
  Training training(config, data, logged(log, saved, start, records), distributed::world());
  records.begin(training, !start);
  const std::vector<EpochResult> results = run(saved, training, start);

  if (std::ssize(results) < config.epochs) {
    progress.print("stopped early: nothing better in " +
                   std::to_string(run_options.early_stopping) +
                   (run_options.early_stopping == 1 ? " epoch" : " epochs"));
  }
  for (const std::string& line : summary(run_options, results)) progress.print(line);
  if (!run_options.out.empty()) {
    progress.print("results in " + printable((run_options.out / metrics_file).string()));
  }
}

std::string footer() {
  return "--out DIR writes, each file as a whole:\n"
         "  config.toml             all that decides the run, for --config\n"
         "  metrics.jsonl           what each epoch brought\n"
         "  checkpoint.safetensors  after each epoch: where the run stands, for --resume\n"
         "  best.safetensors        with --keep-best: the network of the best epoch by validation\n"
         "  epoch-N.safetensors     with --keep-every: the networks on the way\n"
         "  curvature.jsonl         with --curvature: how sharp the loss is, how noisy its "
         "gradient\n"
         "  diverged.json           where the loss stopped being finite, if it did\n"
         "  probe.jsonl             with --probe: what its steps did to each tensor\n"
         "  events.out.tfevents.*   with --tensorboard: the numbers of metrics.jsonl over the "
         "steps\n"
         "                          done, the loss of about fifty single batches per epoch, and "
         "the\n"
         "                          configuration\n"
         "Ctrl-C, SIGTERM, SIGHUP or SIGUSR1 ends the run after the batch under way, of training "
         "or of\n"
         "an evaluation, and saves it, with exit code 130; a second one ends it at once.\n"
         "'plastic train --resume DIR' continues from there, as if nothing had happened, and "
         "after\n"
         "any other end from the last whole epoch. Without --out there is nothing to save, and "
         "the\n"
         "first signal ends the run at once, with the same exit code.\n"
         "\n"
         "metrics.jsonl holds one JSON object per epoch: epoch, train_loss,\n"
         "train_accuracy (over the epoch's batches as they were met), with --validation\n"
         "validation_loss and validation_accuracy, test_loss, test_accuracy, seconds,\n"
         "images_per_second (training alone), learning_rate (in the middle of the epoch) and,\n"
         "with --np.diagnostics, diagnostics (means over the epoch's steps). Accuracies are\n"
         "fractions.\n"
         "\n"
         "An accuracy that something was chosen by is too high, so the test set chooses nothing:\n"
         "--keep-best and --early-stopping go by the validation part, and the test accuracy of\n"
         "the epoch that they choose says what to expect of new images.\n"
         "\n"
         "The paper's settings:\n" +
         paper_settings_text() +
         "\n"
         "Examples:\n"
         "  plastic train\n"
         "  plastic train --data fashion-mnist --paper --out runs/fashion\n"
         "  plastic train --resume runs/fashion --epochs 20\n"
         "  plastic train --validation 0.1 --keep-best --early-stopping 5 --out runs/best\n"
         "  plastic train --config runs/fashion/config.toml --seed 42 --out runs/fashion-42\n"
         "  plastic train --data mnist --data-dir ~/mnist --optimizer sgd --lr 0.05 --epochs 3\n"
         "  plastic train --np.plasticity-scale 2 --np.warmup-epochs 2 --np.diagnostics --out "
         "runs/np";
}

// They decide nothing of the run, and are no part of its configuration.
void add_record_options(CLI::App& command, const std::shared_ptr<TrainOptions>& options) {
  EpochRecordOptions& records = options->records;
  const std::string group = "Recording";
  const auto count = [](const std::string& text) {
    return static_cast<int>(parse_integer(text, 1, max_epochs));
  };
  add_text_option(command, "--keep-every", "N", "never", group,
                  "Keep the network before the first epoch and after every N epochs, "
                  "epoch-N.safetensors, for plastic landscape to draw its path; needs --out",
                  [&records, count](const std::string& text) { records.keep_every = count(text); });
  add_text_option(
      command, "--curvature", "N", "never", group,
      "After every N epochs measure the largest eigenvalue of the loss's Hessian and the "
      "gradient's noise scale, on the CPU; with --out into curvature.jsonl (see plastic curvature)",
      [&records, count](const std::string& text) { records.curvature_every = count(text); });
  add_text_option(command, "--curvature-images", "N", std::to_string(records.curvature_images),
                  group, "Images of the training part to measure the curvature on",
                  [&records](const std::string& text) {
                    records.curvature_images =
                        parse_integer(text, 2 * curvature_batch, 1'000'000'000);
                  });
}

// Those of choices() that a configuration file makes.
std::vector<std::string> choices_in(const std::filesystem::path& config) {
  std::vector<std::string> names;
  for (const ConfigEntry& entry : read_config(config)) {
    const bool is_choice = entry.key == "keep-best" || entry.key == "early-stopping";
    if (is_choice && entry.value != "false") names.push_back(entry.key);
  }
  return names;
}

void add_resume_option(CLI::App& command, const std::shared_ptr<TrainOptions>& options) {
  std::vector<std::string> allowed =
      option_names([](const Option& option) { return option.may_change; });
  const std::string help =
      "Continue the run in this folder, with its own configuration; may be changed: " +
      join(allowed) + "; what is recorded between epochs is asked for again";
  for (const char* name : {"resume", "keep-every", "curvature", "curvature-images"}) {
    allowed.emplace_back(name);
  }
  add_own_option(command, "resume", help, [&command, options, allowed](const std::string& folder) {
    const std::vector<std::string> others = given_options(command, allowed);
    if (!others.empty()) {
      throw UsageError("a run continues with its own configuration; leave out " + join(others));
    }
    options->resume = true;
    options->run.out = path_of_utf8(folder);
    const std::filesystem::path config = options->run.out / config_file;
    std::error_code unreadable;
    if (!std::filesystem::exists(config, unreadable)) {
      fail("resume", folder, ": has no config.toml, so no run was begun there");
    }
    if (distributed::rank() == 0) options->lock.emplace("resume", options->run.out);
    options->choices_before = choices_in(config);
    const std::vector<std::string> given = given_options(command, {});
    options->has_new_threads = std::ranges::find(given, "--threads") != given.end();
    apply_config(command, config);
  });
}

}  // namespace

void add_train(CLI::App& program) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App& command = add_command(
      program, "train", "Train a network and test it after every epoch.", footer(), [options] {
        settle(options->run);
        train(*options);
      });
  // First, so that it sees --config given beside it.
  add_resume_option(command, options);
  add_config_option(command);
  add_run_options(command, CommandSet::train, options->run);
  add_record_options(command, options);
}

}  // namespace plastic::apps

#include "apps/study/comparison/compared_runs.h"

#include <algorithm>
#include <system_error>

#include "apps/cli/config_file.h"
#include "apps/cli/option_table.h"
#include "apps/cli/values.h"
#include "apps/runs/checkpoint.h"
#include "apps/runs/metrics.h"
#include "apps/runs/run_file_names.h"
#include "apps/runs/run_folder.h"
#include "apps/runs/tensorboard_log.h"
#include "apps/runs/text_file.h"
#include "apps/terminal/progress.h"
#include "apps/training/divergence.h"
#include "apps/training/interrupt.h"
#include "apps/training/model_choice.h"
#include "core/check.h"
#include "core/text.h"
#include "nn/classifier_file.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

// What may differ when a comparison is continued.
std::vector<std::string> changeable() {
  return option_names([](const Option& option) { return option.effect == Effect::none; });
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

SeedRun summary(std::uint64_t seed, RunEnd end, const std::vector<EpochResult>& results) {
  SeedRun run{.seed = seed, .end = end};
  for (const EpochResult& result : results) run.seconds += result.seconds;
  if (!results.empty()) {
    const EpochResult& last = results.back();
    run.accuracy = last.test_accuracy;
    if (last.validation_accuracy) {
      run.validation_accuracy = *last.validation_accuracy;
      run.chosen_accuracy =
          results[static_cast<std::size_t>(best_epoch(results)) - 1].test_accuracy;
    }
  }
  run.epochs = static_cast<int>(results.size());
  return run;
}

// Keeps the results that a run brought before it diverged.
class Collector : public TrainingObserver {
 public:
  explicit Collector(TrainingObserver& shown) : shown_(shown) {}

  void on_step(const StepResult& step) override { shown_.on_step(step); }
  void on_epoch(const EpochResult& result) override {
    shown_.on_epoch(result);
    results_.push_back(result);
  }
  const std::vector<EpochResult>& results() const { return results_; }

 private:
  TrainingObserver& shown_;
  std::vector<EpochResult> results_;
};

}  // namespace

ComparedRuns::ComparedRuns(const ComparedRunsOptions& options, const data::DatasetPair& data)
    : options_(options),
      data_(data),
      classifier_form_(nn::to_text(classifier_form(data, options.run.run))) {
  const std::vector<std::string> labels = variant_labels(options.variants, options.optimizers);
  for (std::size_t i = 0; i < options.variants.size(); ++i) {
    rows_.push_back({.name = options.variants[i].name,
                     .label = labels[i],
                     .runs = {},
                     .planned = options.seeds.size()});
  }
  for (const std::uint64_t seed : options.seeds) {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      plan_.push_back(plan(row, seed));
      Planned& planned = plan_.back();
      if (options.is_continued) look_through(planned);
      if (planned.end) ++found_count_;
    }
  }
  fill_rows();
  if (options.is_continued) check_no_others();
}

ComparedRuns::Planned ComparedRuns::plan(std::size_t row, std::uint64_t seed) const {
  RunOptions own = options_.run;
  own.run.optimizer = options_.optimizers[row];
  own.run.seed = seed;
  Planned planned{.row = row, .seed = seed, .config = own.run};
  planned.saved = {.folder = {},
                   .config = config_text(own),
                   .data = classifier_form_,
                   .epochs = planned.config.epochs,
                   .tensorboard = own.tensorboard};
  if (!options_.out.empty()) {
    planned.saved.folder =
        options_.out / (options_.variants[row].name + "-seed-" + std::to_string(seed));
  }
  return planned;
}

// Where only the metrics of a run are left, all epochs of it.
std::optional<SeedRun> ComparedRuns::whole_run(const fs::path& folder, const Planned& run) {
  try {
    return summary(run.seed, RunEnd::finished, MetricsFile(folder).resume(run.config.epochs));
  } catch (const Error&) {
    return std::nullopt;
  }
}

void ComparedRuns::check_no_others() const {
  std::error_code error;
  for (fs::directory_iterator entry(options_.out, error), end; !error && entry != end;
       entry.increment(error)) {
    const bool is_planned = std::ranges::any_of(plan_, [&](const Planned& run) {
      return run.saved.folder.filename() == entry->path().filename();
    });
    if (is_planned || !is_there(entry->path() / config_file)) continue;
    fail("compare", entry->path().string(), ": is a run of another comparison; repeat the command ",
         "that it is of, choose another --out, or begin again with --overwrite");
  }
  if (error)
    fail("compare", options_.out.string(), ": cannot read it: ", system_text(error.value()));
}

// Finds how far a run is that an earlier call of the program began.
void ComparedRuns::look_through(Planned& run) const {
  const fs::path& folder = run.saved.folder;
  const fs::path config = folder / config_file;
  if (!is_there(config)) return;
  std::optional<SettingDifference> difference;
  try {
    difference =
        difference_of_runs(run.saved.config, read_text("compare", config), config, changeable());
  } catch (const UsageError& wrong) {
    fail("compare", wrong.what(), "; choose another --out, or replace what is there with ",
         "--overwrite");
  }
  if (difference) {
    fail("compare", folder.string(), ": holds a run of another comparison: ", difference->key,
         " is ", difference->theirs, " there and ", difference->ours,
         " here; repeat the command that it is of, choose another --out, or replace what is there ",
         "with --overwrite");
  }
  const std::optional<Checkpoint> checkpoint = load_checkpoint_head(folder);
  if (!checkpoint) {
    // Not begun, unless somebody removed the checkpoint: then only a whole run is of use.
    run.end = whole_run(folder, run);
    return;
  }
  run.is_begun = true;
  run.epochs_done = std::min(checkpoint->epoch, run.config.epochs);
  const bool is_diverged = load_divergence("compare", folder).has_value();
  if (checkpoint->epoch < run.config.epochs && !is_diverged) return;
  run.end = summary(run.seed, is_diverged ? RunEnd::diverged : RunEnd::finished,
                    MetricsFile(folder).resume(run.epochs_done));
}

std::size_t ComparedRuns::ended_count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(plan_, [](const Planned& run) { return run.end.has_value(); }));
}

void ComparedRuns::fill_rows() {
  for (OptimizerRuns& row : rows_) row.runs.clear();
  for (const Planned& run : plan_) {
    if (run.end) rows_[run.row].runs.push_back(*run.end);
  }
}

std::string ComparedRuns::label_of(const Planned& run) const {
  const auto number = &run - plan_.data() + 1;
  return "[" + std::to_string(number) + "/" + std::to_string(plan_.size()) + "] " +
         rows_[run.row].name + " seed " + std::to_string(run.seed) + "  ";
}

std::string ComparedRuns::end_text(const SeedRun& run) {
  if (run.end == RunEnd::diverged) return "diverged";
  return "test accuracy " + format_percent(run.accuracy) + "  " + format_fixed(run.seconds, 2) +
         " s";
}

std::int64_t ComparedRuns::steps_left(const Planned& run) const {
  if (run.end) return 0;
  return steps_per_epoch(options_.run.run, data_.train) * (run.config.epochs - run.epochs_done);
}

std::string ComparedRuns::note(Planned& run, const Outcome& outcome) {
  run.end = summary(run.seed, outcome.end, outcome.results);
  fill_rows();
  return label_of(run) + end_text(*run.end) + (outcome.where.empty() ? "" : ": " + outcome.where);
}

void ComparedRuns::run(int jobs, const std::function<void()>& on_run) {
  if (jobs > 1) {
    run_side_by_side(jobs, on_run);
  } else {
    run_in_turn(on_run);
  }
}

void ComparedRuns::run_in_turn(const std::function<void()>& on_run) {
  std::int64_t steps = 0;
  for (const Planned& run : plan_) steps += steps_left(run);
  Progress progress(steps);
  std::int64_t steps_before = 0;
  for (Planned& run : plan_) {
    if (interrupted()) throw Interrupted("interrupted between two runs");
    if (run.end) {
      progress.print(label_of(run) + end_text(*run.end) + "  (done before)");
      continue;
    }
    const std::int64_t own_steps = steps_left(run);
    TrainingDisplay display(progress, label_of(run), steps_before, run.config.epochs, false);
    progress.print(note(run, run_one(run, display)));
    steps_before += own_steps;
    on_run();
  }
}

ComparedRuns::Outcome ComparedRuns::run_one(const Planned& run, TrainingObserver& observer) const {
  std::optional<Checkpoint> start;
  std::optional<FolderLock> lock;
  if (!run.saved.folder.empty()) {
    lock.emplace(prepare_inner_run_folder(run.saved.folder, true));
    if (run.is_begun) {
      start = resume_folder(run.saved);
    } else {
      start_folder(run.saved.folder, run.saved.config);
    }
  }
  Outcome outcome;
  if (start) outcome.results = MetricsFile(run.saved.folder).resume(start->epoch);
  Collector collector(observer);
  std::optional<TensorBoardLog> log;
  Training training(run.config, data_, logged(log, run.saved, start, collector));
  try {
    outcome.results = run_saved(run.saved, training, start);
  } catch (const Diverged& diverged) {
    outcome.end = RunEnd::diverged;
    outcome.where = diverged.where();
    outcome.results.insert(outcome.results.end(), collector.results().begin(),
                           collector.results().end());
  }
  return outcome;
}

}  // namespace plastic::apps

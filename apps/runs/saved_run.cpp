#include "apps/runs/saved_run.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <system_error>

#include "apps/cli/config_reader.h"
#include "apps/cli/option_table.h"
#include "apps/cli/values.h"
#include "apps/runs/best_epoch.h"
#include "apps/runs/event_file.h"
#include "apps/runs/metrics.h"
#include "apps/runs/probe_file.h"
#include "apps/runs/probe_lines.h"
#include "apps/runs/run_files.h"
#include "apps/training/divergence.h"
#include "apps/training/interrupt.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

fs::path config_path(const fs::path& folder) { return folder / config_file; }

std::map<std::string, std::string> settings_in(const std::string& name, const std::string& text,
                                               const std::vector<std::string>& ignored) {
  std::map<std::string, std::string> settings;
  for (const ConfigEntry& entry : parse_config(name, text)) {
    if (std::ranges::find(ignored, entry.key) == ignored.end()) settings[entry.key] = entry.value;
  }
  // Runs from before an option could be chosen: those of the optimizers did as they do by default.
  for (const Option& option : option_table()) {
    if (!option.before.empty()) settings.try_emplace(option.name, option.before);
  }
  const auto optimizer = settings.find("optimizer");
  if (optimizer == settings.end()) return settings;
  const auto entry = std::ranges::find(optimizer_table(), optimizer->second, &OptimizerEntry::name);
  if (entry == optimizer_table().end()) return settings;
  for (const OptimizerOption& option : optimizer_options()) {
    if (!option.applies_to(*entry) || std::ranges::find(ignored, option.name) != ignored.end()) {
      continue;
    }
    settings.try_emplace(option.name, option.get(entry->defaults));
  }
  return settings;
}

// A run of which epochs were done has a checkpoint; without it, continuing would begin again and
// replace what is there.
void check_has_not_begun(const fs::path& folder) {
  for (const char* name : {metrics_file, nn::best_file}) {
    std::error_code error;
    if (!fs::exists(fs::symlink_status(folder / name, error))) continue;
    fail("resume", folder.string(), ": has ", name,
         ", but no checkpoint.safetensors to continue from; repeat the run in another folder: ",
         "plastic train --config ", config_path(folder).string(), " --out FOLDER");
  }
}

}  // namespace

void start_folder(const fs::path& folder, const std::string& config) {
  const fs::path left[] = {checkpoint_path(folder), best_path(folder), folder / metrics_file,
                           folder / probe_file, divergence_path(folder)};
  for (const fs::path& path : left) remove_run_file(path);
  remove_event_files(folder);
  write_run_file(config_path(folder), config);
}

std::optional<SettingDifference> difference_of_runs(const std::string& ours,
                                                    const std::string& theirs, const fs::path& path,
                                                    const std::vector<std::string>& ignored) {
  const auto our_settings = settings_in("the configuration", ours, ignored);
  const auto their_settings = settings_in(path.string(), theirs, ignored);
  const auto value_in = [](const std::map<std::string, std::string>& settings,
                           const std::string& key) -> std::string {
    const auto found = settings.find(key);
    return found == settings.end() ? "absent" : found->second;
  };
  std::set<std::string> keys;
  for (const auto* settings : {&our_settings, &their_settings}) {
    for (const auto& [key, value] : *settings) keys.insert(key);
  }
  for (const std::string& key : keys) {
    SettingDifference found{
        .key = key, .ours = value_in(our_settings, key), .theirs = value_in(their_settings, key)};
    if (found.ours != found.theirs) return found;
  }
  return std::nullopt;
}

namespace {

void check_same_run(const fs::path& folder, const std::string& now, const std::string& then) {
  const auto changeable = option_names([](const Option& option) { return option.may_change; });
  const std::optional<SettingDifference> difference =
      difference_of_runs(now, then, checkpoint_path(folder), changeable);
  if (!difference) return;
  fail("resume", folder.string(), ": ", difference->key, " is ", difference->ours,
       " in config.toml, but ", difference->theirs,
       " in the checkpoint; undo the change, or begin a new run with --config");
}

// Steps that were done are not to be lost without a word.
void check_epoch_under_way(const SavedRunOptions& options, const Checkpoint& checkpoint) {
  const int under_way = checkpoint.epoch + 1;
  const std::int64_t steps = steps_into_epoch(checkpoint.state);
  if (options.epochs >= under_way || steps == 0) return;
  throw UsageError("--epochs " + std::to_string(options.epochs) + ": the run in " +
                   options.folder.string() + " is in epoch " + std::to_string(under_way) +
                   ", of which " + std::to_string(steps) +
                   (steps == 1 ? " step is" : " steps are") + " done; expected at least " +
                   std::to_string(under_way));
}

}  // namespace

std::optional<Checkpoint> resume_folder(const SavedRunOptions& options) {
  // Before the work of an epoch is done.
  for (const char* name : {config_file, nn::best_file, nn::checkpoint_file, probe_file}) {
    check_run_file("resume", options.folder / name);
  }
  std::optional<Checkpoint> checkpoint =
      load_checkpoint(options.folder, [&options](const Checkpoint& head) {
        check_same_run(options.folder, options.config, head.config);
        if (head.epoch > options.epochs) {
          throw UsageError("--epochs " + std::to_string(options.epochs) + ": the run in " +
                           options.folder.string() + " has " + std::to_string(head.epoch) +
                           " already");
        }
      });
  if (!checkpoint) check_has_not_begun(options.folder);
  if (checkpoint) check_epoch_under_way(options, *checkpoint);
  write_run_file(config_path(options.folder), options.config);
  return checkpoint;
}

int planned_epochs(const Checkpoint& checkpoint) {
  for (const ConfigEntry& entry :
       parse_config("the checkpoint's configuration", checkpoint.config)) {
    if (entry.key == "epochs") return static_cast<int>(parse_integer(entry.value, 1, max_epochs));
  }
  fail("resume", "the checkpoint's configuration does not say how many epochs the run was to have");
}

namespace {

// Keeps a run in its folder, or nothing where it has none.
class Keeper {
 public:
  Keeper(const SavedRunOptions& options, const Training& training)
      : options_(options), training_(training), metrics_(options.folder) {}

  // The epochs done by a run that stands at `start`.
  std::vector<EpochResult> resume(const Checkpoint& start) {
    if (is_probed())
      probe_.emplace(options_.folder)
          .resume(header(), training_.probe()->options().every, steps_done(start.state));
    return metrics_.resume(start.epoch);
  }

  void begin() {
    if (is_probed()) probe_.emplace(options_.folder).begin(header());
    save_state(0);
  }

  void save_probe(const ProbedStep& step) {
    if (probe_) probe_->append(probe_line(*training_.probe(), step));
  }

  // `epochs` are done, and perhaps some steps of the next.
  void save_state(int epochs) {
    if (!is_kept()) return;
    if (probe_) probe_->flush();
    save_checkpoint(options_.folder, {.epoch = epochs,
                                      .config = options_.config,
                                      .data = options_.data,
                                      .state = training_.state()});
  }

  void save_epoch(const std::vector<EpochResult>& results) {
    if (!is_kept()) return;
    const EpochResult& last = results.back();
    metrics_.append(last);
    if (options_.keep_best && best_epoch(results) == last.epoch) {
      save_best(options_.folder, last, options_.data, training_.model_state());
    }
    save_state(last.epoch);
  }

  void note(const Diverged& end) const {
    if (is_kept()) save_divergence(options_.folder, {.epoch = end.epoch(), .where = end.where()});
  }

  // Before the work of an epoch is done.
  void make_ready() const {
    if (!is_kept()) return;
    check_run_file("train", options_.folder / metrics_file);
    // What an earlier attempt noted.
    remove_run_file(divergence_path(options_.folder));
  }

 private:
  bool is_kept() const { return !options_.folder.empty() && options_.is_writer; }
  bool is_probed() const { return is_kept() && training_.probe() != nullptr; }
  std::string header() const {
    return probe_header(*training_.probe(), training_.config().optimizer.name,
                        training_.steps_per_epoch());
  }

  const SavedRunOptions& options_;
  const Training& training_;
  MetricsFile metrics_;
  std::optional<ProbeFile> probe_;
};

}  // namespace

std::vector<EpochResult> run_saved(const SavedRunOptions& options, Training& training,
                                   const std::optional<Checkpoint>& start) {
  Keeper keeper(options, training);
  std::vector<EpochResult> results;
  if (start) {
    // What the other epochs brought decides nothing where the first rank decides.
    results = options.is_writer ? keeper.resume(*start)
                                : std::vector<EpochResult>(static_cast<std::size_t>(start->epoch));
    training.restore(start->state);
  } else {
    keeper.begin();
  }
  training.on_probe([&keeper](const ProbedStep& step) { keeper.save_probe(step); });
  keeper.make_ready();
  distributed::Communicator& ranks = training.among();
  const auto is_stopped = [&] {
    return distributed::any(options.is_writer && stops_early(results, options.early_stopping),
                            ranks);
  };
  while (std::ssize(results) < options.epochs && !is_stopped()) {
    const int epoch = static_cast<int>(results.size()) + 1;
    if (distributed::any(interrupted(), ranks))
      throw Interrupted("interrupted before epoch " + std::to_string(epoch));
    try {
      results.push_back(training.run_epoch(epoch));
    } catch (const Interrupted&) {
      keeper.save_state(epoch - 1);
      throw;
    } catch (const Diverged& end) {
      keeper.note(end);
      throw;
    }
    keeper.save_epoch(results);
  }
  return results;
}

int best_epoch(const std::vector<EpochResult>& results) {
  std::vector<double> validation;
  std::vector<double> test;
  for (const EpochResult& result : results) {
    validation.push_back(
        result.validation_accuracy.value_or(std::numeric_limits<double>::quiet_NaN()));
    test.push_back(result.test_accuracy);
  }
  const std::optional<std::size_t> best = best_epoch_index(validation, test);
  return best ? results[*best].epoch : 0;
}

bool stops_early(const std::vector<EpochResult>& results, int patience) {
  return patience > 0 && std::ssize(results) - best_epoch(results) >= patience;
}

}  // namespace plastic::apps

#include "apps/saved_run.h"

#include <algorithm>
#include <map>

#include "apps/config_reader.h"
#include "apps/interrupt.h"
#include "apps/metrics.h"
#include "apps/run_files.h"
#include "apps/values.h"
#include "core/check.h"
#include "plastic/core/precision.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

fs::path config_path(const fs::path& folder) { return folder / "config.toml"; }

// What decides the epochs done: the rest may be given anew when a run goes on.
std::map<std::string, std::string> lasting_settings(const std::string& name,
                                                    const std::string& text) {
  std::map<std::string, std::string> settings;
  for (const ConfigEntry& entry : parse_config(name, text)) settings[entry.key] = entry.value;
  for (const char* key :
       {"epochs", "device", "threads", "prefetch", "data-dir", "keep-best", "early-stopping"}) {
    settings.erase(key);
  }
  // Runs from before it could be chosen.
  settings.try_emplace("precision", to_string(Precision::f32));
  return settings;
}

void check_same_run(const fs::path& folder, const std::string& now, const std::string& then) {
  const auto ours = lasting_settings("the configuration", now);
  const auto theirs = lasting_settings((folder / "checkpoint.safetensors").string(), then);
  if (ours == theirs) return;
  for (const auto& [key, value] : ours) {
    const auto found = theirs.find(key);
    if (found == theirs.end() || found->second != value) {
      fail("resume", folder.string(), ": ", key, " is ", value, " in config.toml, but ",
           found == theirs.end() ? "absent" : found->second,
           " in the checkpoint; undo the change, or begin a new run with --config");
    }
  }
  fail("resume", folder.string(), ": the checkpoint has settings that config.toml does not have");
}

}  // namespace

void start_folder(const fs::path& folder, const std::string& config) {
  for (const char* name : {"checkpoint.safetensors", "best.safetensors", "metrics.jsonl"}) {
    remove_run_file(folder / name);
  }
  write_run_file(config_path(folder), config);
}

std::optional<Checkpoint> resume_folder(const SavedRunOptions& options) {
  // Before the work of an epoch is done.
  for (const char* name : {"config.toml", "best.safetensors", "checkpoint.safetensors"}) {
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
  write_run_file(config_path(options.folder), options.config);
  return checkpoint;
}

std::vector<EpochResult> run_saved(const SavedRunOptions& options, Training& training,
                                   const std::optional<Checkpoint>& start) {
  const bool is_kept = !options.folder.empty();
  MetricsFile metrics(options.folder);
  std::vector<EpochResult> results;
  if (start) {
    results = metrics.resume(start->epoch);
    training.restore(start->state);
  }
  if (is_kept) check_run_file("train", options.folder / "metrics.jsonl");
  while (std::ssize(results) < options.epochs && !stops_early(results, options.early_stopping)) {
    const int epoch = static_cast<int>(results.size()) + 1;
    if (interrupted()) throw Interrupted("interrupted before epoch " + std::to_string(epoch));
    try {
      results.push_back(training.run_epoch(epoch));
    } catch (const Interrupted&) {
      save_checkpoint(options.folder,
                      {.epoch = epoch - 1, .config = options.config, .state = training.state()});
      throw;
    }
    if (!is_kept) continue;
    metrics.append(results.back());
    if (options.keep_best && best_epoch(results) == epoch) {
      save_best(options.folder, epoch, results.back().test_accuracy, options.data,
                training.model_state());
    }
    save_checkpoint(options.folder, {.epoch = epoch,
                                     .config = options.config,
                                     .data = options.data,
                                     .state = training.state()});
  }
  return results;
}

int best_epoch(const std::vector<EpochResult>& results) {
  const auto best = std::ranges::max_element(results, {}, &EpochResult::test_accuracy);
  return best == results.end() ? 0 : best->epoch;
}

bool stops_early(const std::vector<EpochResult>& results, int patience) {
  return patience > 0 && std::ssize(results) - best_epoch(results) >= patience;
}

}  // namespace plastic::apps

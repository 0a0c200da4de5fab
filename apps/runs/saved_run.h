#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/runs/checkpoint.h"
#include "apps/training/training.h"

namespace plastic::apps {

/// How a run is kept and when it ends.
struct SavedRunOptions {
  /// Empty: nothing is written.
  std::filesystem::path folder;
  /// The text of its config.toml.
  std::string config;
  /// What its network reads: to_text() of its nn::ClassifierForm.
  std::string data = {};
  int epochs = 1;
  bool keep_best = false;
  /// Ends the run when nothing has been better than best_epoch() for so many epochs; 0 for never.
  int early_stopping = 0;
  /// Whether this process writes the files, as the first of several ranks does.
  bool is_writer = true;
  /// Whether the run is to have a TensorBoardLog.
  bool tensorboard = false;
};

/// Prepares the folder of a new run: removes what is left of another and writes config.toml.
void start_folder(const std::filesystem::path& folder, const std::string& config);

/// A setting that two configurations have differently; "absent" where one does not have it.
struct SettingDifference {
  std::string key;
  std::string ours;
  std::string theirs;
};

/// The first setting, by name, in which two texts of config.toml make different runs. `path` is the
/// file of `theirs`; `ignored` names settings that may differ. Throws UsageError naming `path`
/// where it cannot be understood.
std::optional<SettingDifference> difference_of_runs(const std::string& ours,
                                                    const std::string& theirs,
                                                    const std::filesystem::path& path,
                                                    const std::vector<std::string>& ignored);

/// Reads the checkpoint of a run that is to continue as `options` say, and writes config.toml;
/// nothing when the run had not begun. Throws Error when checkpoint and configuration are not of
/// one run, or the checkpoint is missing where epochs were done, and UsageError when more epochs
/// are done than it is to have.
std::optional<Checkpoint> resume_folder(const SavedRunOptions& options);

/// The epochs that a run was to have when its checkpoint was written.
int planned_epochs(const Checkpoint& checkpoint);

/// Runs the epochs that are left after `start`, if there is one, and gives those before too. After
/// each epoch metrics.jsonl, best.safetensors where it is to be kept, and checkpoint.safetensors
/// are replaced, in this order: an epoch counts once its checkpoint is there. A first checkpoint is
/// written before the first epoch. Throws Interrupted between two batches when interrupted() says
/// so, the steps done being saved, and Diverged, which leaves diverged.json and the checkpoint of
/// the epoch before.
std::vector<EpochResult> run_saved(const SavedRunOptions& options, Training& training,
                                   const std::optional<Checkpoint>& start);

/// The epoch that best_epoch_index() chooses; 0 for none. (In runs that set nothing aside, older
/// programs let the test set choose.)
int best_epoch(const std::vector<EpochResult>& results);

/// Whether the last `patience` epochs brought nothing better. Never when it is 0.
bool stops_early(const std::vector<EpochResult>& results, int patience);

}  // namespace plastic::apps

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/device_options.h"
#include "apps/training/optimizer_overrides.h"
#include "apps/training/training.h"
#include "plastic/data/augment.h"
#include "plastic/data/dataset.h"
#include "plastic/data/image.h"

namespace plastic::apps {

/// The longest run that can be asked for.
constexpr std::int64_t max_epochs = 1'000'000;

/// The values of the options that `train` and `compare` take. The table that names them is
/// option_table().
struct RunOptions {
  std::string data = "digits";
  std::optional<std::filesystem::path> data_dir = {};
  /// What the images of a folder are resized to.
  std::optional<std::int64_t> image_size = {};
  /// Holds for the images of a folder, too.
  std::optional<data::Orientation> orientation = {};
  bool skip_bad_images = false;
  /// As given; otherwise the data set and --paper decide.
  std::optional<std::int64_t> batch_size = {};
  std::optional<data::AugmentOptions> augment = {};
  /// The optimizer of `train`; `overrides` and `paper` decide its settings.
  std::string optimizer = "neuroplastic";
  OptimizerOverrides overrides = {};
  bool paper = false;
  /// What a run is made from. settle() fills in what is left to the data set and the model; the
  /// settings of its optimizer are for the command to resolve.
  TrainConfig run = {};
  Arithmetic arithmetic = {};
  std::optional<int> threads = {};
  /// Whether run.shards was asked for, as "none" may be.
  bool has_shards = false;
  /// Empty: nothing is written.
  std::filesystem::path out = {};
  bool overwrite = false;
  bool keep_best = false;
  /// 0: never.
  int early_stopping = 0;
  /// Every how many steps the optimizer is probed; 0: never.
  std::int64_t probe = 0;
  optim::ProbeOptions probe_options = {};
  bool tensorboard = false;
};

/// Once the command line is read: settles what options leave to each other, the paper's protocol
/// for the data set included. Throws UsageError for options that contradict each other.
void settle(RunOptions& options);

/// Throws UsageError where event files are asked for, but no folder that they belong to.
void check_tensorboard(const RunOptions& options);

/// A sentence for each of these options that has no effect beside the others.
std::vector<std::string> idle_options(const RunOptions& options);

/// What the images of a folder are resized to.
std::int64_t image_size(const RunOptions& options);
/// What is done with their orientation.
data::Orientation orientation(const RunOptions& options);

/// The data set that the options name. Says on std::cerr that files are being read, where somebody
/// may be waiting, and what of a folder's files was passed over or left out.
data::DatasetPair load_data(const RunOptions& options);

/// A seed of the random numbers. Throws UsageError.
std::uint64_t parse_seed(const std::string& text);

/// What --paper stands for, an optimizer a line, for the help.
std::string paper_settings_text();

/// What a command is about to do: data, network, training.
std::string run_header(const RunOptions& options, const data::DatasetPair& data);

}  // namespace plastic::apps

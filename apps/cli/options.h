#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "apps/cli/config_file.h"
#include "apps/cli/device_options.h"
#include "apps/training/optimizers.h"
#include "apps/training/training.h"
#include "plastic/data/image.h"

// Reading CLI11's header takes longer than reading all of this program.
namespace CLI {
class App;
}

namespace plastic::apps {

/// Adds a subcommand; `run` is called once its command line is read.
CLI::App& add_command(CLI::App& program, const std::string& name, const std::string& description,
                      const std::string& footer, const std::function<void()>& run);

/// What `train` and `compare` have in common on the command line. Of `run`, the optimizer and the
/// seed are the command's own business.
struct SharedOptions {
  std::string data = "digits";
  std::optional<std::filesystem::path> data_dir;
  /// What the images of a folder are resized to.
  std::optional<std::int64_t> image_size;
  /// Holds for the images of a folder, too.
  std::optional<data::Orientation> orientation;
  bool skip_bad_images = false;
  TrainConfig run;
  /// As given; otherwise the data set and --paper decide.
  std::optional<std::int64_t> batch_size;
  std::optional<data::AugmentOptions> augment;
  std::optional<int> threads;
  Arithmetic arithmetic;
  /// Empty: nothing is written.
  std::filesystem::path out;
  bool overwrite = false;
  bool paper = false;
  OptimizerOverrides overrides;
};

/// Adds the options to `command`, each checked as it is read. `add_own` adds the command's own
/// where help should show them: after data and model, first of their groups.
void add_shared_options(CLI::App& command, SharedOptions& options,
                        const std::function<void()>& add_own);

/// Once the command line is read: settles what options leave to each other, the paper's protocol
/// for the data set included. Throws UsageError for options that contradict each other.
void settle(SharedOptions& options);

/// What the images of a folder are resized to.
std::int64_t image_size(const SharedOptions& options);

/// The data set that the options name. Says on std::cerr that files are being read, where somebody
/// may be waiting, and what of a folder's files was passed over or left out.
data::DatasetPair load_data(const SharedOptions& options);

/// Adds an option whose value `take` reads from its text; a UsageError there becomes the option's.
void add_text_option(CLI::App& command, const std::string& name, const std::string& type_name,
                     const std::string& default_text, const std::string& group,
                     const std::string& description,
                     const std::function<void(const std::string&)>& take);

/// Adds an option without a value that sets `on`.
void add_switch(CLI::App& command, const std::string& name, const std::string& group,
                const std::string& description, bool& on);

/// A seed of the random numbers. Throws UsageError.
std::uint64_t parse_seed(const std::string& text);

/// NeuroPlastic's options are left out of --help and listed by --help-np; this shows them.
void show_neuroplastic_options(CLI::App& command);

/// What --paper stands for, an optimizer a line, for the help.
std::string paper_settings_text();

/// What decides a run besides its TrainConfig, as it is in force. Call after set_num_threads().
RunSettings run_settings(const SharedOptions& options);

/// What a command is about to do: data, network, training.
std::string run_header(const SharedOptions& options, const data::DatasetPair& data);

}  // namespace plastic::apps

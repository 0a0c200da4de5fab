#include "apps/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "apps/cli/help_format.h"
#include "apps/cli/values.h"
#include "apps/terminal/terminal_text.h"
#include "apps/training/augmentation.h"
#include "apps/training/last_batch.h"
#include "apps/training/model_choice.h"
#include "apps/training/schedules.h"
#include "core/text.h"
#include "plastic/core/device.h"
#include "plastic/core/error.h"
#include "plastic/data/catalog.h"

namespace plastic::apps {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr const char* neuroplastic_group = "NeuroPlastic's options";

CLI::Option* add_option(CLI::App& command, const std::string& name, const std::string& type_name,
                        const std::string& default_text, const std::string& group,
                        const std::string& description,
                        const std::function<void(const std::string&)>& take) {
  const auto callback = [name, take](const std::string& text) {
    try {
      take(text);
    } catch (const UsageError& error) {
      throw CLI::ValidationError(name, error.what());
    }
  };
  return command.add_option_function<std::string>(name, callback, description)
      ->type_name(type_name)
      ->default_str(default_text)
      ->group(group);
}

struct NamedText {
  std::string name;
  std::string value;
};

// "0.1", of no name, or "sgd=0.01,fast=0.1".
std::vector<NamedText> parse_named(const std::string& text) {
  if (text.find('=') == std::string::npos) return {{.name = "", .value = text}};
  std::vector<NamedText> parts;
  for (const std::string& part : parse_list(text, false)) {
    const std::size_t sign = part.find('=');
    if (sign == std::string::npos || sign == 0) {
      throw UsageError("expected OPTIMIZER=VALUE, got '" + part + "'");
    }
    const std::string name = part.substr(0, sign);
    if (std::ranges::find(parts, name, &NamedText::name) != parts.end()) {
      throw UsageError(name + " is given twice");
    }
    parts.push_back({.name = name, .value = part.substr(sign + 1)});
  }
  return parts;
}

// Names are checked when it is known which are in use.
NumbersByOptimizer parse_numbers(const std::string& text, const Range& range) {
  NumbersByOptimizer numbers;
  for (const NamedText& part : parse_named(text)) {
    numbers.emplace(part.name, parse_number(part.value, range));
  }
  return numbers;
}

std::vector<std::int64_t> parse_sizes(const std::string& text) {
  std::vector<std::int64_t> sizes;
  for (const std::string& part : parse_list(text, false)) {
    sizes.push_back(parse_integer(part, 1, 1 << 20));
  }
  return sizes;
}

std::vector<std::string> data_names() {
  std::vector<std::string> names;
  for (const data::CatalogEntry& entry : data::catalog()) names.push_back(entry.name);
  return names;
}

constexpr std::int64_t usual_image_size = 32;

const std::vector<std::string>& orientation_names() {
  static const std::vector<std::string> names = {"apply", "ignore"};
  return names;
}

void add_data_options(CLI::App& command, SharedOptions& options) {
  const char* group = "Data";
  add_text_option(
      command, "--data", "NAME", options.data, group,
      "The data set: " + join(data_names()) +
          ". digits and shapes are generated and need no files; folder is a folder of your own "
          "with train/CLASS/*.png and test/CLASS/*.png (or JPEG), given by --data-dir",
      [&options](const std::string& text) { options.data = parse_choice(text, data_names()); });
  add_text_option(command, "--data-dir", "DIR", "", group,
                  "Look for its files here only; without it in $PLASTIC_DATA, ~/.cache/plastic and "
                  "the system's folders",
                  [&options](const std::string& text) { options.data_dir = text; });
  add_text_option(
      command, "--image-size", "N", std::to_string(usual_image_size), group,
      "Resize the images of a folder to N x N pixels",
      [&options](const std::string& text) { options.image_size = parse_integer(text, 1, 4096); });
  add_text_option(
      command, "--orientation", "NAME", orientation_names().front(), group,
      "What to do with the orientation that cameras note beside the images of a folder: " +
          join(orientation_names()) + "; apply makes them stand upright",
      [&options](const std::string& text) {
        options.orientation = parse_choice(text, orientation_names()) == "apply"
                                  ? data::Orientation::apply
                                  : data::Orientation::ignore;
      });
  add_switch(
      command, "--skip-bad-images", group,
      "Leave out the images of a folder that cannot be read, and name them, instead of ending",
      options.skip_bad_images);
  add_text_option(command, "--augment", "NAME,...", "none", group,
                  "Change the training images at random, in each epoch in another way: " +
                      augment_help() + ". A name without a number uses the value shown here",
                  [&options](const std::string& text) { options.augment = parse_augment(text); });
  add_text_option(command, "--fraction", "F", "1", group,
                  "Share of the training set to use, above 0 and at most 1; drawn for each "
                  "seed. The test set is always whole",
                  [&options](const std::string& text) {
                    options.run.fraction =
                        parse_number(text, {.low = 0.0, .high = 1.0, .low_included = false});
                  });
}

void add_model_options(CLI::App& command, SharedOptions& options) {
  const char* group = "Model";
  add_text_option(
      command, "--model", "NAME", "mlp", group,
      "The network: mlp, fully connected layers with ReLU and dropout; lenet; small_cnn, "
      "three convolutions and two fully connected layers; resnet18, for small images",
      [&options](const std::string& text) {
        options.run.model = parse_choice(text, model_names());
      });
  add_text_option(command, "--hidden", "N,N,...", "256,256", group, "Sizes of mlp's hidden layers",
                  [&options](const std::string& text) { options.run.hidden = parse_sizes(text); });
  add_text_option(
      command, "--dropout", "P", "mlp 0.1, small_cnn 0.2", group,
      "Share of the activations dropped after each hidden fully connected layer in training; 0 for "
      "none",
      [&options](const std::string& text) {
        options.run.dropout = parse_number(text, {.low = 0.0, .high = 1.0, .high_included = false});
      });
}

// "sgd 0.01, adam 0.001"; an optimizer for which the number is `none` is left out.
std::string defaults_text(double OptimizerSettings::*number, double none) {
  std::vector<std::string> parts;
  for (const std::string& name : optimizer_names()) {
    const double value = default_settings(name, false).*number;
    if (value != none) parts.push_back(name + " " + brief(value));
  }
  return parts.empty() ? brief(none) : join(parts);
}

void add_numbers_option(CLI::App& command, const std::string& name, const Range& range,
                        const std::string& description, const std::string& default_text,
                        NumbersByOptimizer& numbers) {
  add_text_option(
      command, name, "X", default_text, "Optimizer", description,
      [&numbers, range](const std::string& text) { numbers = parse_numbers(text, range); });
}

void add_optimizer_options(CLI::App& command, SharedOptions& options) {
  command
      .add_flag(
          "--paper", options.paper,
          "The optimizer's settings of the NeuroPlastic paper, and for cifar-10 its batches of "
          "64 with --augment crop,flip; what is given explicitly takes precedence")
      ->group("Optimizer");
  OptimizerOverrides& overrides = options.overrides;
  add_numbers_option(command, "--lr", {.low = 0.0, .high = infinity, .low_included = false},
                     "Learning rate", defaults_text(&OptimizerSettings::lr, 0.0), overrides.lr);
  add_numbers_option(command, "--weight-decay", {.low = 0.0, .high = infinity},
                     "Weight decay; adamw's is decoupled, the others' is not",
                     defaults_text(&OptimizerSettings::weight_decay, 0.0), overrides.weight_decay);
  add_numbers_option(command, "--momentum", {.low = 0.0, .high = 1.0, .high_included = false},
                     "Momentum of sgd", defaults_text(&OptimizerSettings::momentum, 0.0),
                     overrides.momentum);
  add_numbers_option(command, "--lr-decay", {.low = 0.0, .high = 1.0, .low_included = false},
                     "Multiply the learning rate by this after each epoch",
                     defaults_text(&OptimizerSettings::lr_decay, 1.0), overrides.lr_decay);
  add_text_option(
      command, "--schedule", "NAME", name_of(options.run.schedule), "Optimizer",
      "How the learning rate goes, beside --lr-decay: " + join(schedule_names()) +
          "; the last two are at their end when --epochs are through",
      [&options](const std::string& text) { options.run.schedule = parse_schedule(text); });
  add_text_option(command, "--warmup", "N", "0", "Optimizer",
                  "Epochs in which the learning rate first rises linearly",
                  [&options](const std::string& text) {
                    options.run.warmup_epochs = static_cast<int>(parse_integer(text, 0, 1'000'000));
                  });
}

void add_training_options(CLI::App& command, SharedOptions& options) {
  const char* group = "Training";
  add_text_option(command, "--epochs", "N", "10", group, "Passes over the training images",
                  [&options](const std::string& text) {
                    options.run.epochs = static_cast<int>(parse_integer(text, 1, 1'000'000));
                  });
  add_text_option(command, "--batch-size", "N", "128", group, "Images a step",
                  [&options](const std::string& text) {
                    options.batch_size = parse_integer(text, 1, 1 << 20);
                  });
  add_switch(
      command, "--drop-last", group,
      "Leave out the last batch of each epoch where it is not full; a single image that batch "
      "normalisation cannot be trained on is always left out",
      options.run.drop_last);
  add_text_option(command, "--threads", "N", "all processors", group,
                  "Threads to compute with; the same number gives the same results, bit for bit",
                  [&options](const std::string& text) {
                    options.threads = static_cast<int>(parse_integer(text, 1, 1024));
                  });
  add_text_option(command, "--prefetch", "N", "0", group,
                  "Threads that prepare batches while training goes on; no result depends on it",
                  [&options](const std::string& text) {
                    options.run.prefetch_threads = static_cast<int>(parse_integer(text, 0, 64));
                  });
}

void add_output_options(CLI::App& command, SharedOptions& options) {
  const char* group = "Output";
  add_text_option(command, "--out", "DIR", "write nothing", group,
                  "Write the results to this folder; it is created, and refused when it is not "
                  "empty",
                  [&options](const std::string& text) { options.out = text; });
  command
      .add_flag("--overwrite", options.overwrite,
                "Replace the results in a folder that is not empty; other files stay")
      ->group(group);
}

void add_neuroplastic_options(CLI::App& command, SharedOptions& options) {
  for (const optim::NeuroPlasticOption& option : optim::neuroplastic_option_table()) {
    const std::string name(option.name);
    const bool is_switch = option.default_value == "true" || option.default_value == "false";
    CLI::Option* added =
        add_option(command, "--np." + dashed(name), is_switch ? "[true|false]" : "X",
                   option.default_value, "", std::string(option.description) + ": " + option.values,
                   [&options, name](const std::string& text) {
                     // A switch without a value is on.
                     for (const NamedText& part : parse_named(text.empty() ? "true" : text)) {
                       optim::NeuroPlasticOptions trial;
                       try {
                         optim::set_option(trial, name, part.value);
                       } catch (const Error& error) {
                         throw UsageError(error.what());
                       }
                       options.overrides.plasticity.push_back(
                           {.option = name, .value = part.value, .name = part.name});
                     }
                   });
    if (is_switch) {
      // CLI11 would put its default in the place of a value left out.
      added->description(added->get_description() + default_remark(option.default_value));
      added->default_str("");
      added->expected(0, 1);
    }
  }
  command.set_help_all_flag("--help-np", "Print this help with NeuroPlastic's options (--np.NAME)");
}

}  // namespace

CLI::App& add_command(CLI::App& program, const std::string& name, const std::string& description,
                      const std::string& footer, const std::function<void()>& run) {
  CLI::App& command = *program.add_subcommand(name, description);
  command.group("Commands");
  command.footer(footer);
  command.final_callback(run);
  return command;
}

void add_text_option(CLI::App& command, const std::string& name, const std::string& type_name,
                     const std::string& default_text, const std::string& group,
                     const std::string& description,
                     const std::function<void(const std::string&)>& take) {
  // What names a place cannot be empty.
  const std::string place = type_name == "DIR"    ? "a folder"
                            : type_name == "FILE" ? "a file"
                            : type_name == "RUN"  ? "a run"
                                                  : "";
  add_option(command, name, type_name, default_text, group, description,
             [take, place](const std::string& text) {
               if (text.empty() && !place.empty()) {
                 throw UsageError("expected " + place + ", got nothing");
               }
               take(text);
             });
}

void add_shared_options(CLI::App& command, SharedOptions& options,
                        const std::function<void()>& add_own) {
  add_data_options(command, options);
  add_model_options(command, options);
  add_own();
  add_optimizer_options(command, options);
  add_training_options(command, options);
  add_device_option(command, options.run.device);
  add_arithmetic_options(command, options.arithmetic);
  add_output_options(command, options);
  add_neuroplastic_options(command, options);
}

void settle(SharedOptions& options) {
  if (options.image_size && options.data != "folder") {
    throw UsageError("--image-size: only for --data folder; " + options.data + " has its own size");
  }
  if ((options.orientation || options.skip_bad_images) && options.data != "folder") {
    throw UsageError(std::string(options.orientation ? "--orientation" : "--skip-bad-images") +
                     ": only for --data folder; " + options.data + " is read as it was published");
  }
  if (options.paper && options.data == "cifar-10") {
    options.run.batch_size = 64;
    options.run.augment = {.crop_padding = 4, .flip = 0.5};
  }
  if (options.batch_size) options.run.batch_size = *options.batch_size;
  if (options.augment) options.run.augment = *options.augment;
  resolve_model(options.run);
}

std::int64_t image_size(const SharedOptions& options) {
  return options.image_size.value_or(usual_image_size);
}

void add_switch(CLI::App& command, const std::string& name, const std::string& group,
                const std::string& description, bool& on) {
  command.add_flag(name, on, description)->group(group);
}

std::uint64_t parse_seed(const std::string& text) {
  return static_cast<std::uint64_t>(
      parse_integer(text, 0, std::numeric_limits<std::int64_t>::max()));
}

void show_neuroplastic_options(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty() && option->get_lnames().front().starts_with("np.")) {
      option->group(neuroplastic_group);
    }
  }
}

std::string paper_settings_text() {
  std::string text;
  for (const std::string& name : optimizer_names()) {
    text += "  " + name + ": " + describe(default_settings(name, true)) + "\n";
  }
  return text;
}

RunSettings run_settings(const SharedOptions& options) {
  const bool is_folder = options.data == "folder";
  const data::Orientation orientation =
      options.orientation.value_or(data::ImageFolderOptions().orientation);
  return {.data = options.data,
          .data_dir = options.data_dir.value_or(""),
          .image_size = is_folder ? image_size(options) : 0,
          .orientation = !is_folder                                ? ""
                         : orientation == data::Orientation::apply ? "apply"
                                                                   : "ignore",
          .skip_bad_images = options.skip_bad_images,
          .threads = num_threads(),
          .arithmetic = options.arithmetic};
}

std::string run_header(const SharedOptions& options, const data::DatasetPair& data) {
  const std::int64_t images = training_size(data.train.size(), options.run.fraction);
  TextStream text;
  text << "data       " << data.name << " (" << printable(data.source) << "): " << images << " of "
       << data.train.size() << " training images, " << data.test.size() << " test images\n"
       << (options.run.augment.any()
               ? "augment    " + join(augment_parts(options.run.augment)) + "\n"
               : "")
       << "model      " << describe_model(options.run, model_sizes(data.train)) << "\n";
  if (options.run.device.type != DeviceType::cpu) {
    text << "device     " << device_text(options.run.device) << "; precision "
         << to_string(options.arithmetic.precision)
         << (options.arithmetic.deterministic ? ", deterministic" : "") << "\n";
  }
  text << "training   " << options.run.epochs << (options.run.epochs == 1 ? " epoch" : " epochs")
       << ", batches of " << options.run.batch_size << last_batch_text(options.run, data.train)
       << ", " << num_threads() << (num_threads() == 1 ? " thread" : " threads");
  return text.str();
}

}  // namespace plastic::apps

#include "apps/cli/option_table.h"

#include <algorithm>

#include "apps/cli/values.h"
#include "apps/training/augmentation.h"
#include "apps/training/model_choice.h"
#include "apps/training/schedules.h"
#include "plastic/core/device.h"
#include "plastic/core/error.h"
#include "plastic/data/catalog.h"

namespace plastic::apps {
namespace {

using O = RunOptions;
using Text = const std::string&;

constexpr std::int64_t most_epochs = 1'000'000;

const std::vector<std::string>& orientation_names() {
  static const std::vector<std::string> names = {"apply", "ignore"};
  return names;
}

std::vector<std::string> data_names() {
  std::vector<std::string> names;
  for (const data::CatalogEntry& entry : data::catalog()) names.push_back(entry.name);
  return names;
}

bool is_folder(const O& options) { return options.data == "folder"; }

/// A value that is said only where `condition` holds.
template <class T>
OptionValue where(bool condition, T value) {
  return condition ? OptionValue(std::move(value)) : OptionValue();
}

OptionValue switch_value(bool on) { return where(on, true); }

bool parse_switch(Text text) { return parse_choice(text, {"true", "false"}) == "true"; }

std::vector<std::int64_t> parse_sizes(Text text) {
  std::vector<std::int64_t> sizes;
  for (const std::string& part : parse_list(text, false)) {
    sizes.push_back(parse_integer(part, 1, 1 << 20));
  }
  return sizes;
}

int parse_count(Text text, std::int64_t low, std::int64_t high) {
  return static_cast<int>(parse_integer(text, low, high));
}

Device parse_device_name(Text text) {
  try {
    return parse_device(text);
  } catch (const Error&) {
    throw UsageError("expected cpu, cuda or cuda:N, got '" + text + "'");
  }
}

std::vector<Option> data_options() {
  const std::string group = "Data";
  return {
      {.name = "data",
       .group = group,
       .value_name = "NAME",
       .default_text = "digits",
       .help = "The data set: " + join(data_names()) +
               ". digits and shapes are generated and need no files; folder is a folder of your "
               "own with train/CLASS/*.png and test/CLASS/*.png (or JPEG), given by --data-dir",
       .take = [](O& o, Text text) { o.data = parse_choice(text, data_names()); },
       .print = [](const O& o) { return o.data; },
       .effect = Effect::condition},
      {.name = "data-dir",
       .group = group,
       .value_name = "DIR",
       .help = "Look for its files here only; without it in $PLASTIC_DATA, ~/.cache/plastic and "
               "the system's folders",
       .take = [](O& o, Text text) { o.data_dir = text; },
       .print =
           [](const O& o) {
             const std::filesystem::path folder = o.data_dir.value_or("");
             if (folder.empty()) return OptionValue();
             return OptionValue(std::filesystem::absolute(folder).string());
           },
       .effect = Effect::none,
       .may_change = true},
      {.name = "image-size",
       .group = group,
       .value_name = "N",
       .default_text = std::to_string(image_size({})),
       .help = "Resize the images of a folder to N x N pixels",
       .take = [](O& o, Text text) { o.image_size = parse_integer(text, 1, 4096); },
       .print = [](const O& o) { return where(is_folder(o), image_size(o)); },
       .effect = Effect::condition},
      {.name = "orientation",
       .group = group,
       .value_name = "NAME",
       .default_text = orientation_names().front(),
       .help = "What to do with the orientation that cameras note beside the images of a folder: " +
               join(orientation_names()) + "; apply makes them stand upright",
       .take =
           [](O& o, Text text) {
             const bool applies = parse_choice(text, orientation_names()) == "apply";
             o.orientation = applies ? data::Orientation::apply : data::Orientation::ignore;
           },
       .print =
           [](const O& o) {
             const bool applies = orientation(o) == data::Orientation::apply;
             return where(is_folder(o), std::string(applies ? "apply" : "ignore"));
           },
       .before = "ignore"},
      {.name = "skip-bad-images",
       .group = group,
       .help = "Leave out the images of a folder that cannot be read, and name them, instead of "
               "ending",
       .take = [](O& o, Text text) { o.skip_bad_images = parse_switch(text); },
       .print = [](const O& o) { return switch_value(o.skip_bad_images); }},
      {.name = "augment",
       .group = group,
       .value_name = "NAME,...",
       .default_text = "none",
       .help = "Change the training images at random, in each epoch in another way: " +
               augment_help() + ". A name without a number uses the value shown here",
       .take = [](O& o, Text text) { o.augment = parse_augment(text); },
       .print =
           [](const O& o) { return where(o.run.augment.any(), augment_parts(o.run.augment)); }},
      {.name = "fraction",
       .group = group,
       .value_name = "F",
       .default_text = "1",
       .help = "Share of the training set to use, above 0 and at most 1; drawn for each seed. The "
               "test set is always whole",
       .take =
           [](O& o, Text text) {
             o.run.fraction = parse_number(text, {.low = 0.0, .high = 1.0, .low_included = false});
           },
       .print = [](const O& o) { return o.run.fraction; },
       .effect = Effect::condition},
  };
}

std::vector<Option> model_options() {
  const std::string group = "Model";
  return {
      {.name = "model",
       .group = group,
       .value_name = "NAME",
       .default_text = TrainConfig().model,
       .help = "The network: " + model_help(),
       .take = [](O& o, Text text) { o.run.model = parse_choice(text, model_names()); },
       .print = [](const O& o) { return o.run.model; },
       .effect = Effect::condition},
      {.name = "hidden",
       .group = group,
       .value_name = "N,N,...",
       .default_text = "256,256",
       .help = "Sizes of mlp's hidden layers",
       .take = [](O& o, Text text) { o.run.hidden = parse_sizes(text); },
       .print =
           [](const O& o) {
             return where(o.run.hidden.has_value(),
                          o.run.hidden.value_or(std::vector<std::int64_t>()));
           },
       .effect = Effect::condition},
      {.name = "dropout",
       .group = group,
       .value_name = "P",
       .default_text = dropout_defaults_text(),
       .help = "Share of the activations dropped after each hidden fully connected layer in "
               "training; 0 for none",
       .take =
           [](O& o, Text text) {
             o.run.dropout = parse_number(text, {.low = 0.0, .high = 1.0, .high_included = false});
           },
       .print =
           [](const O& o) {
             return where(o.run.dropout.has_value(), o.run.dropout.value_or(0.0));
           }},
  };
}

Option row_of(const OptimizerOption& option) {
  return {.name = option.name,
          .group = option.is_plasticity() ? "" : "Optimizer",
          .value_name = option.is_switch ? "[true|false]" : "X",
          .default_text = option.defaults,
          .help = option.help,
          .take =
              [&option](O& o, Text text) {
                // A switch without a value is on.
                const std::string value = option.is_switch && text.empty() ? "true" : text;
                const auto given = parse_overrides(option.name, value);
                o.overrides.insert(o.overrides.end(), given.begin(), given.end());
              },
          .print =
              [&option](const O& o) {
                const OptimizerSettings& settings = o.run.optimizer;
                if (!option.applies_to(find_optimizer(settings.name))) return OptionValue();
                return value_of_text(option.get(settings));
              },
          .of_optimizer = &option};
}

std::vector<Option> optimizer_rows() {
  const std::string group = "Optimizer";
  std::vector<Option> rows = {
      {.name = "optimizer",
       .group = group,
       .value_name = "NAME",
       .default_text = O().optimizer,
       .help = join(optimizer_names()) + "; grad-only is NeuroPlastic's ablation",
       .take = [](O& o, Text text) { o.optimizer = parse_choice(text, optimizer_names()); },
       .print = [](const O& o) { return o.run.optimizer.name; },
       .commands = CommandSet::train},
      {.name = "paper",
       .group = group,
       .help = "The optimizer's settings of the NeuroPlastic paper, and for cifar-10 its batches "
               "of 64 with --augment crop,flip; what is given explicitly takes precedence",
       .take = [](O& o, Text text) { o.paper = parse_switch(text); }},
  };
  for (const OptimizerOption& option : optimizer_options()) {
    if (!option.is_plasticity()) rows.push_back(row_of(option));
  }
  return rows;
}

std::vector<Option> training_options() {
  const std::string group = "Training";
  return {
      {.name = "seed",
       .group = group,
       .value_name = "N",
       .default_text = std::to_string(TrainConfig().seed),
       .help = "Decides initial weights, dropout, order and subset of the images",
       .take = [](O& o, Text text) { o.run.seed = parse_seed(text); },
       .print = [](const O& o) { return o.run.seed; },
       .effect = Effect::repetition,
       .commands = CommandSet::train},
      {.name = "epochs",
       .group = group,
       .value_name = "N",
       .default_text = std::to_string(TrainConfig().epochs),
       .help = "Passes over the training images",
       .take = [](O& o, Text text) { o.run.epochs = parse_count(text, 1, most_epochs); },
       .print = [](const O& o) { return std::int64_t{o.run.epochs}; },
       .effect = Effect::condition,
       .may_change = true},
      {.name = "batch-size",
       .group = group,
       .value_name = "N",
       .default_text = std::to_string(TrainConfig().batch_size),
       .help = "Images per step",
       .take = [](O& o, Text text) { o.batch_size = parse_integer(text, 1, 1 << 20); },
       .print = [](const O& o) { return o.run.batch_size; }},
      {.name = "drop-last",
       .group = group,
       .help = "Leave out the last batch of each epoch where it is not full; a single image that "
               "batch normalisation cannot be trained on is always left out",
       .take = [](O& o, Text text) { o.run.drop_last = parse_switch(text); },
       .print = [](const O& o) { return switch_value(o.run.drop_last); }},
      {.name = "schedule",
       .group = "Optimizer",
       .value_name = "NAME",
       .default_text = name_of(TrainConfig().schedule),
       .help = "How the learning rate goes, beside --lr-decay: " + join(schedule_names()) +
               "; the last two are at their end when --epochs are through",
       .take = [](O& o, Text text) { o.run.schedule = parse_schedule(text); },
       .print = [](const O& o) { return name_of(o.run.schedule); }},
      {.name = "warmup",
       .group = "Optimizer",
       .value_name = "N",
       .default_text = "0",
       .help = "Epochs in which the learning rate first rises linearly",
       .take = [](O& o, Text text) { o.run.warmup_epochs = parse_count(text, 0, most_epochs); },
       .print = [](const O& o) { return std::int64_t{o.run.warmup_epochs}; }},
  };
}

std::vector<Option> device_options() {
  const std::string group = "Device";
  return {
      {.name = "device",
       .group = group,
       .value_name = "NAME",
       .default_text = to_string(Device()),
       .help = "What to compute on: cpu, cuda or cuda:N, an NVIDIA GPU; 'plastic info' lists what "
               "is there",
       .take = [](O& o, Text text) { o.run.device = parse_device_name(text); },
       .print = [](const O& o) { return to_string(o.run.device); },
       .may_change = true},
      {.name = "precision",
       .group = group,
       .value_name = "NAME",
       .default_text = to_string(Arithmetic().precision),
       .help =
           "What a CUDA device computes products and convolutions in: " + join(precision_names()) +
           ". tf32 rounds what goes in to 10 bits, bf16 keeps activations in 16; weights, "
           "their gradients and the optimizer's state are f32 in all",
       .take =
           [](O& o, Text text) {
             o.arithmetic.precision = parse_precision(parse_choice(text, precision_names()));
           },
       .print = [](const O& o) { return to_string(o.arithmetic.precision); },
       .before = to_string(Precision::f32)},
      {.name = "threads",
       .group = "Training",
       .value_name = "N",
       .default_text = "all processors",
       .help = "Threads to compute with; the same number gives the same results, bit for bit",
       .take = [](O& o, Text text) { o.threads = parse_count(text, 1, 1024); },
       .print = [](const O& o) { return std::int64_t{o.threads.value_or(num_threads())}; },
       .effect = Effect::none,
       .may_change = true},
      {.name = "prefetch",
       .group = "Training",
       .value_name = "N",
       .default_text = "0",
       .help = "Threads that prepare batches while training continues; no result depends on it",
       .take = [](O& o, Text text) { o.run.prefetch_threads = parse_count(text, 0, 64); },
       .print = [](const O& o) { return std::int64_t{o.run.prefetch_threads}; },
       .effect = Effect::none,
       .may_change = true},
      {.name = "deterministic",
       .group = group,
       .help = "On a CUDA device use only what gives the same bits in every run, as the CPU does",
       .take = [](O& o, Text text) { o.arithmetic.deterministic = parse_switch(text); },
       .print = [](const O& o) { return switch_value(o.arithmetic.deterministic); }},
  };
}

std::vector<Option> output_options() {
  const std::string group = "Output";
  return {
      {.name = "keep-best",
       .group = group,
       .help = "Keep the network of the epoch with the best test accuracy, best.safetensors",
       .take = [](O& o, Text text) { o.keep_best = parse_switch(text); },
       .print = [](const O& o) { return switch_value(o.keep_best); },
       .effect = Effect::none,
       .may_change = true,
       .commands = CommandSet::train},
      {.name = "early-stopping",
       .group = "Training",
       .value_name = "N",
       .default_text = "never",
       .help = "End the run when the test accuracy was not better for N epochs",
       .take = [](O& o, Text text) { o.early_stopping = parse_count(text, 1, most_epochs); },
       .print =
           [](const O& o) { return where(o.early_stopping > 0, std::int64_t{o.early_stopping}); },
       .may_change = true,
       .commands = CommandSet::train},
      {.name = "out",
       .group = group,
       .value_name = "DIR",
       .default_text = "write nothing",
       .help = "Write the results to this folder; it is created, and refused when it is not empty",
       .take = [](O& o, Text text) { o.out = text; },
       .effect = Effect::call},
      {.name = "overwrite",
       .group = group,
       .help = "Replace the results in a folder that is not empty; other files stay",
       .take = [](O& o, Text text) { o.overwrite = parse_switch(text); },
       .effect = Effect::call},
      {.name = "config",
       .group = "Configuration",
       .value_name = "FILE",
       .help = "Take the options from this TOML file, named as here without dashes in front; what "
               "is given explicitly takes precedence",
       .effect = Effect::call},
      {.name = "resume",
       .group = "Configuration",
       .value_name = "DIR",
       .effect = Effect::call,
       .commands = CommandSet::train},
  };
}

std::vector<Option> make_table() {
  std::vector<Option> table;
  for (const auto& part : {data_options(), model_options(), optimizer_rows(), training_options(),
                           device_options(), output_options()}) {
    table.insert(table.end(), part.begin(), part.end());
  }
  for (const OptimizerOption& option : optimizer_options()) {
    if (option.is_plasticity()) table.push_back(row_of(option));
  }
  return table;
}

}  // namespace

const std::vector<Option>& option_table() {
  static const std::vector<Option> table = make_table();
  return table;
}

const Option* find_option(std::string_view name) {
  const auto found = std::ranges::find(option_table(), name, &Option::name);
  return found == option_table().end() ? nullptr : &*found;
}

std::vector<std::string> option_names(const std::function<bool(const Option&)>& holds) {
  std::vector<std::string> names;
  for (const Option& option : option_table()) {
    if (holds(option)) names.push_back(option.name);
  }
  return names;
}

}  // namespace plastic::apps

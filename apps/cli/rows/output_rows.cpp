#include "apps/cli/rows/rows.h"
#include "core/io/utf8_path.h"

namespace plastic::apps::rows {
namespace {

constexpr std::int64_t max_probe_interval = 1'000'000'000;

}  // namespace

std::vector<Option> output_rows() {
  const std::string group = "Output";
  return {
      {.name = "keep-best",
       .group = group,
       .help = "Keep the network of the epoch with the best validation accuracy, best.safetensors; "
               "needs --validation",
       .take = [](O& o, Text text) { o.keep_best = parse_switch(text); },
       .print = [](const O& o) { return switch_value(o.keep_best); },
       .effect = Effect::none,
       .may_change = true,
       .commands = CommandSet::train},
      {.name = "early-stopping",
       .group = "Training",
       .value_name = "N",
       .default_text = "never",
       .help = "End the run when the validation accuracy was not better for N epochs; needs "
               "--validation",
       .take = [](O& o, Text text) { o.early_stopping = parse_count(text, 1, max_epochs); },
       .print =
           [](const O& o) { return where(o.early_stopping > 0, std::int64_t{o.early_stopping}); },
       .may_change = true,
       .commands = CommandSet::train},
      {.name = "probe",
       .group = group,
       .value_name = "N",
       .default_text = "0, never",
       .help =
           "Write what every N-th step did to each tensor, and the optimizer's inner signals, to "
           "probe.jsonl; needs --out. No other number of the run depends on it; a CUDA device "
           "waits at these steps",
       .take = [](O& o, Text text) { o.probe = parse_integer(text, 0, max_probe_interval); },
       .print = [](const O& o) { return where(o.probe > 0, o.probe); },
       .effect = Effect::none},
      {.name = "probe-tensors",
       .group = group,
       .value_name = "PATTERN",
       .default_text = "*, all",
       .help =
           "The parameters that --probe reads, by name: * stands for any characters, ? for one, "
           "and commas separate patterns, such as '0.*,*.bias'",
       .take = [](O& o, Text text) { o.probe_options.tensors = text; },
       .print = [](const O& o) { return where(o.probe > 0, o.probe_options.tensors); },
       .effect = Effect::none},
      {.name = "probe-sample",
       .group = group,
       .value_name = "N",
       .default_text = std::to_string(optim::ProbeOptions().sample),
       .help =
           "Elements of each tensor, evenly spaced, for the quantiles and histograms of --probe; "
           "0 for all",
       .take = [](O& o, Text text) { o.probe_options.sample = parse_integer(text, 0, 1 << 24); },
       .print = [](const O& o) { return where(o.probe > 0, o.probe_options.sample); },
       .effect = Effect::none},
      {.name = "tensorboard",
       .group = group,
       .help = "Write event files for TensorBoard into the folder of the run, beside its other "
               "files; needs --out. See it with: tensorboard --logdir DIR",
       .take = [](O& o, Text text) { o.tensorboard = parse_switch(text); },
       .print = [](const O& o) { return switch_value(o.tensorboard); },
       .effect = Effect::none,
       .may_change = true},
      {.name = "out",
       .group = group,
       .value_name = "DIR",
       .default_text = "write nothing",
       .help = "Write the results to this folder; it is created, and refused when it is not empty",
       .take = [](O& o, Text text) { o.out = path_of_utf8(text); },
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

}  // namespace plastic::apps::rows

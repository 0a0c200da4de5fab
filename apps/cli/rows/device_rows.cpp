#include "apps/cli/processors_text.h"
#include "apps/cli/rows/rows.h"
#include "plastic/core/device.h"
#include "plastic/core/error.h"

namespace plastic::apps::rows {
namespace {

Device parse_device_name(Text text) {
  try {
    return parse_device(text);
  } catch (const Error&) {
    throw UsageError("expected cpu, cuda or cuda:N, got '" + text + "'");
  }
}

}  // namespace

std::vector<Option> device_rows() {
  const std::string group = "Device";
  return {
      {.name = "device",
       .group = group,
       .value_name = "NAME",
       .default_text = to_string(Device()),
       .help = "What to compute on: cpu, cuda or cuda:N, an NVIDIA GPU; 'plastic info' lists what "
               "is there. On several ranks cuda gives each rank of a machine a GPU of its own",
       .take = [](O& o, Text text) { o.run.device = parse_device_name(text); },
       .print = [](const O& o) { return to_string(o.run.device); },
       .may_change = true},
      {.name = "precision",
       .group = group,
       .value_name = "NAME",
       .default_text = to_string(Arithmetic().precision),
       .help =
           "What products and convolutions are computed in: " + join(precision_names()) +
           ". tf32, of CUDA devices, rounds what goes in to 10 bits, bf16 keeps activations in 16, "
           "which on a CPU without instructions for it saves memory and not time; weights, their "
           "gradients and the "
           "optimizer's state are f32 in all",
       .take =
           [](O& o, Text text) {
             o.arithmetic.precision = parse_precision(parse_choice(text, precision_names()));
           },
       .print = [](const O& o) { return to_string(o.arithmetic.precision); },
       .before = to_string(Precision::f32)},
      {.name = "threads",
       .group = "Training",
       .value_name = "N",
       .default_text = usable_processors_text,
       .help = "Threads to compute with; the same number gives the same results, bit for bit",
       .take = [](O& o, Text text) { o.threads = parse_count(text, 1, 1024); },
       // How many there are elsewhere, or for each of several ranks, is another matter.
       .print = [](const O& o) -> OptionValue {
         if (!o.threads) return {};
         return std::int64_t{*o.threads};
       },
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

}  // namespace plastic::apps::rows

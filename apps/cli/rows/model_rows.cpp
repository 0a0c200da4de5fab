#include "apps/cli/rows/rows.h"
#include "apps/training/model_choice.h"

namespace plastic::apps::rows {
namespace {

std::vector<std::int64_t> parse_sizes(Text text) {
  std::vector<std::int64_t> sizes;
  for (const std::string& part : parse_list(text, false)) {
    sizes.push_back(parse_integer(part, 1, 1 << 20));
  }
  return sizes;
}

}  // namespace

std::vector<Option> model_rows() {
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

}  // namespace plastic::apps::rows

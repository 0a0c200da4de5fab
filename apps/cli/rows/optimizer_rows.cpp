#include "apps/cli/rows/rows.h"

namespace plastic::apps::rows {
namespace {

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

}  // namespace

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

std::vector<Option> neuroplastic_rows() {
  std::vector<Option> rows;
  for (const OptimizerOption& option : optimizer_options()) {
    if (option.is_plasticity()) rows.push_back(row_of(option));
  }
  return rows;
}

}  // namespace plastic::apps::rows

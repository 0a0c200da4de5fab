#include "apps/cli/rows/rows.h"
#include "apps/training/schedules.h"

namespace plastic::apps::rows {
namespace {

constexpr const char* no_shards = "none";

void take_shards(std::optional<int>& shards, bool& is_given, Text text) {
  is_given = true;
  shards.reset();
  if (text == no_shards) return;
  try {
    shards = parse_count(text, 0, 1024);
  } catch (const UsageError& error) {
    throw UsageError(std::string(error.what()) + "; or " + no_shards);
  }
}

}  // namespace

std::vector<Option> training_rows() {
  const std::string group = "Training";
  return {
      {.name = "seed",
       .group = group,
       .value_name = "N",
       .default_text = std::to_string(TrainConfig().seed),
       .help = "Decides initial weights, dropout, order and subset of the images, which of them "
               "are for validation, and label noise",
       .take = [](O& o, Text text) { o.run.seed = parse_seed(text); },
       .print = [](const O& o) { return o.run.seed; },
       .effect = Effect::repetition,
       .commands = CommandSet::train},
      {.name = "epochs",
       .group = group,
       .value_name = "N",
       .default_text = std::to_string(TrainConfig().epochs),
       .help = "Passes over the training images",
       .take = [](O& o, Text text) { o.run.epochs = parse_count(text, 1, max_epochs); },
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
      {.name = "shards",
       .group = group,
       .value_name = "N",
       .default_text = "8 on several ranks, otherwise none",
       .help = "Compute each batch in N shards, which the ranks that mpirun starts share out, with "
               "the same bits on any number of ranks; 0: one per rank, which is faster and gives "
               "other bits on another number; none: the whole batch at once, in one process",
       .take = [](O& o, Text text) { take_shards(o.run.shards, o.has_shards, text); },
       .print = [](const O& o) -> OptionValue {
         if (!o.run.shards) return {};
         return std::int64_t{*o.run.shards};
       },
       .before = no_shards},
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
       .take = [](O& o, Text text) { o.run.warmup_epochs = parse_count(text, 0, max_epochs); },
       .print = [](const O& o) { return std::int64_t{o.run.warmup_epochs}; }},
  };
}

}  // namespace plastic::apps::rows

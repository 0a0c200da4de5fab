#include "apps/cli/rows/rows.h"
#include "apps/training/augmentation.h"
#include "plastic/data/catalog.h"

namespace plastic::apps::rows {
namespace {

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

}  // namespace

std::vector<Option> data_rows() {
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

}  // namespace plastic::apps::rows

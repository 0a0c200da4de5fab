#include "apps/cli/rows/rows.h"
#include "apps/training/augmentation.h"
#include "apps/training/training_part.h"
#include "core/io/utf8_path.h"
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
       .take = [](O& o, Text text) { o.data_dir = path_of_utf8(text); },
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
      {.name = "limit-per-class",
       .group = group,
       .value_name = "N",
       .default_text = "all",
       .help = "Use N training images of each class, drawn for each seed; in place of --fraction",
       .take = [](O& o,
                  Text text) { o.run.limit_per_class = parse_integer(text, 1, 1'000'000'000); },
       .print =
           [](const O& o) {
             return where(o.run.limit_per_class.has_value(), o.run.limit_per_class.value_or(0));
           },
       .effect = Effect::condition},
      {.name = "validation",
       .group = group,
       .value_name = "F",
       .default_text = "0",
       .help = "Share of these images to set aside for validation instead of training on them, the "
               "same share of each class, at least 0 and below 1; drawn for each seed. The network "
               "is evaluated on them after each epoch, and they alone decide what --keep-best and "
               "--early-stopping choose, so that the test set stays unseen",
       .take =
           [](O& o, Text text) {
             o.run.validation =
                 parse_number(text, {.low = 0.0, .high = 1.0, .high_included = false});
           },
       .print = [](const O& o) { return where(o.run.validation > 0, o.run.validation); },
       .effect = Effect::condition},
      {.name = "label-noise",
       .group = group,
       .value_name = "F",
       .default_text = "0",
       .help =
           "Share of the labels trained on to make wrong, 0 to 1; drawn for each seed. Those of "
           "the validation images and of the test set stay right",
       .take = [](O& o,
                  Text text) { o.run.label_noise = parse_number(text, {.low = 0.0, .high = 1.0}); },
       .print = [](const O& o) { return where(o.run.label_noise > 0, o.run.label_noise); },
       .effect = Effect::condition},
      {.name = "label-noise-kind",
       .group = group,
       .value_name = "NAME",
       .default_text = name_of(TrainConfig().label_noise_kind),
       .help = "What a wrong label is: " + join(label_noise_names()) +
               "; symmetric takes any other class, pair the next one, as if each class were taken "
               "for its neighbour",
       .take = [](O& o, Text text) { o.run.label_noise_kind = parse_label_noise(text); },
       .print =
           [](const O& o) { return where(o.run.label_noise > 0, name_of(o.run.label_noise_kind)); },
       .effect = Effect::condition},
  };
}

}  // namespace plastic::apps::rows

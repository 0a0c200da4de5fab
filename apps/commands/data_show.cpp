// plastic data show: a contact sheet of a data set, as training sees it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <system_error>

#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "apps/commands/data_commands.h"
#include "apps/drawing/contact_sheet.h"
#include "apps/drawing/png.h"
#include "apps/terminal/terminal_text.h"
#include "apps/training/augmentation.h"
#include "apps/training/training_part.h"
#include "core/check.h"
#include "core/io/atomic_file.h"
#include "core/io/utf8_path.h"
#include "plastic/data/catalog.h"
#include "plastic/data/loader.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

struct ShowOptions {
  std::string name;
  std::optional<fs::path> data_dir;
  std::optional<std::int64_t> image_size;
  data::AugmentOptions augment;
  std::int64_t count = 40;
  std::uint64_t seed = TrainConfig().seed;
  double label_noise = 0.0;
  data::LabelNoise label_noise_kind = data::LabelNoise::symmetric;
  fs::path out;
};

// As for a report: a slip must not cost anybody a file of theirs.
void check_target(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return;
  if (fs::is_directory(file, ignored)) {
    fail("data", file.string(), ": expected a file for the picture, found a folder");
  }
  if (!is_drawn_png(file)) {
    fail("data", file.string(),
         ": this file exists and was not drawn by Plastic; choose another --out");
  }
}

/// The images of a batch, back from how the loader normalised them to (N, C, H, W) bytes.
Tensor bytes_of(const Tensor& images, const data::ImageDataset& dataset) {
  const Tensor planes = images.contiguous();
  Tensor out = Tensor::empty(planes.shape(), {.dtype = DType::u8});
  const auto* from = planes.data<float>();
  auto* to = out.mutable_data<std::uint8_t>();
  const std::int64_t channels = planes.size(1);
  const std::int64_t pixels = planes.size(2) * planes.size(3);
  for (std::int64_t i = 0; i < planes.numel(); ++i) {
    const auto channel = static_cast<std::size_t>(i / pixels % channels);
    const float value = from[i] * dataset.deviation[channel] + dataset.mean[channel];
    to[i] = static_cast<std::uint8_t>(std::lround(std::clamp(255.0F * value, 0.0F, 255.0F)));
  }
  return out;
}

std::string class_name(const data::ImageDataset& dataset, std::int64_t label) {
  const bool has_name = label >= 0 && label < std::ssize(dataset.class_names);
  return has_name ? dataset.class_names[static_cast<std::size_t>(label)] : std::to_string(label);
}

/// The first images of the first epoch of a run with this seed, with the labels that it trains on.
std::vector<LabelledPicture> first_pictures(const data::ImageDataset& dataset,
                                            const ShowOptions& options) {
  if (dataset.images.size(1) != 1 && dataset.images.size(1) != 3) {
    fail("data", options.name, ": images of ", dataset.images.size(1),
         " channels cannot be drawn; those with 1 or 3 can");
  }
  TrainConfig config;
  config.seed = options.seed;
  config.label_noise = options.label_noise;
  config.label_noise_kind = options.label_noise_kind;
  const data::ImageDataset trained_on = training_part(config, dataset).train;
  // Numbers in place of the labels tell which image is which.
  data::ImageDataset numbered = dataset;
  numbered.labels = Tensor::arange(dataset.size(), {.dtype = DType::i64});
  data::Loader loader(numbered, {.batch_size = options.count,
                                 .generator = {.seed = options.seed, .stream = streams::shuffle},
                                 .augment = options.augment});
  loader.start_epoch();
  data::Batch batch;
  if (!loader.next(batch)) fail("data", options.name, ": has no images to show");
  const Tensor images = bytes_of(batch.images, dataset);
  const std::vector<std::int64_t> numbers = batch.labels.to_vector<std::int64_t>();
  const std::vector<std::int64_t> right = dataset.labels.to_vector<std::int64_t>();
  const std::vector<std::int64_t> labels = trained_on.labels.to_vector<std::int64_t>();
  std::vector<LabelledPicture> pictures;
  for (std::int64_t i = 0; i < images.size(0); ++i) {
    const auto at = static_cast<std::size_t>(numbers[static_cast<std::size_t>(i)]);
    pictures.push_back(
        {.image = images.slice(0, i, i + 1).squeeze(0),
         .label = class_name(dataset, labels[at]),
         .right_label = labels[at] == right[at] ? "" : class_name(dataset, right[at])});
  }
  return pictures;
}

std::string noise_text(const ShowOptions& options, const std::vector<LabelledPicture>& pictures) {
  if (options.label_noise == 0) return "";
  const auto wrong = std::ranges::count_if(
      pictures, [](const LabelledPicture& picture) { return !picture.right_label.empty(); });
  return ", " + name_of(options.label_noise_kind) + " label noise " + brief(options.label_noise) +
         " (" + std::to_string(wrong) + " wrong here, in red)";
}

void show(const ShowOptions& options) {
  if (options.image_size && options.name != "folder") {
    throw UsageError("--image-size: only for folder; " + options.name + " has its own size");
  }
  check_target(options.out);
  data::ImageFolderOptions folder;
  if (options.image_size) folder.height = folder.width = *options.image_size;
  const data::DatasetPair data = data::load(options.name, options.data_dir, folder);
  const std::vector<LabelledPicture> pictures = first_pictures(data.train, options);
  const std::string changes =
      options.augment.any() ? "augment " + join(augment_parts(options.augment)) : "not augmented";
  const std::string title = options.name + ": " + std::to_string(pictures.size()) + " of " +
                            std::to_string(data.train.size()) + " training images, " + changes +
                            noise_text(options, pictures) + ", seed " +
                            std::to_string(options.seed);
  write_file_atomically(options.out, png_of(contact_sheet(title, pictures)));
  std::cout << pictures.size() << (pictures.size() == 1 ? " image of " : " images of ")
            << printable(options.name) << noise_text(options, pictures) << " in "
            << printable(options.out.string()) << std::endl;
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const data::CatalogEntry& entry : data::catalog()) out.push_back(entry.name);
  return out;
}

}  // namespace

void add_data_show(CLI::App& data) {
  const auto options = std::make_shared<ShowOptions>();
  CLI::App& command = add_command(
      data, "show", "Draw images of a data set as training sees them.",
      "Writes one PNG picture: the first images of the first epoch of 'plastic train' with this\n"
      "seed, augmented as --augment says, each with the name of its class. A picture that this\n"
      "command drew is replaced; any other file is left alone. Wrong labels of --label-noise are\n"
      "those of a run on the whole training set.\n"
      "\n"
      "Examples:\n"
      "  plastic data show shapes --out shapes.png\n"
      "  plastic data show cifar-10 --augment crop,flip --out cifar.png\n"
      "  plastic data show folder --data-dir photos --image-size 96 --count 12 --out photos.png",
      [options] { show(*options); });
  command
      .add_option_function<std::string>(
          "NAME",
          [options](const std::string& text) {
            try {
              options->name = parse_choice(text, names());
            } catch (const UsageError& error) {
              throw CLI::ValidationError("NAME", error.what());
            }
          },
          "The data set: " + join(names()))
      ->required()
      ->type_name("");
  add_text_option(command, "--data-dir", "DIR", "", "Data",
                  "Look for its files here only; by default where train looks",
                  [options](const std::string& text) { options->data_dir = path_of_utf8(text); });
  add_text_option(
      command, "--image-size", "N", "32", "Data", "Resize the images of a folder to N x N pixels",
      [options](const std::string& text) { options->image_size = parse_integer(text, 1, 4096); });
  add_text_option(command, "--augment", "NAME,...", "none", "Data",
                  "Augment the images as train does with this option",
                  [options](const std::string& text) { options->augment = parse_augment(text); });
  add_text_option(command, "--label-noise", "F", "0", "Data",
                  "Give this share of the training labels another class, as train does with this "
                  "option; wrong labels are in red, with the right one beneath",
                  [options](const std::string& text) {
                    options->label_noise = parse_number(text, {.low = 0.0, .high = 1.0});
                  });
  add_text_option(
      command, "--label-noise-kind", "NAME", name_of(options->label_noise_kind), "Data",
      "What a wrong label becomes: " + join(label_noise_names()),
      [options](const std::string& text) { options->label_noise_kind = parse_label_noise(text); });
  add_text_option(
      command, "--count", "N", std::to_string(options->count), "Output",
      "Show this many images, or all if there are fewer",
      [options](const std::string& text) { options->count = parse_integer(text, 1, 10000); });
  add_text_option(command, "--seed", "N", std::to_string(options->seed), "Output",
                  "The seed of the run whose images are shown",
                  [options](const std::string& text) { options->seed = parse_seed(text); });
  add_text_option(command, "--out", "FILE", "", "Output", "Where to write the picture",
                  [options](const std::string& text) { options->out = path_of_utf8(text); });
  command.get_option("--out")->required();
}

}  // namespace plastic::apps

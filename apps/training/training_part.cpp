#include "apps/training/training_part.h"

#include <algorithm>
#include <cmath>

#include "apps/cli/values.h"
#include "plastic/data/split.h"

namespace plastic::apps {
namespace {

std::int64_t share_of(std::int64_t size, double share) {
  return std::llround(share * static_cast<double>(size));
}

/// Images before the validation part is taken from them.
std::int64_t drawn_size(const TrainConfig& config, const data::ImageDataset& all) {
  if (!config.limit_per_class) return share_of(all.size(), config.fraction);
  return *config.limit_per_class * std::ssize(all.class_names);
}

std::vector<std::int64_t> class_sizes(const data::ImageDataset& dataset) {
  std::vector<std::int64_t> sizes(dataset.class_names.size());
  for (const std::int64_t label : dataset.labels.to_vector<std::int64_t>()) {
    if (label >= 0 && label < std::ssize(sizes)) ++sizes[static_cast<std::size_t>(label)];
  }
  return sizes;
}

std::string images_text(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " image" : " images");
}

void check_limit(const TrainConfig& config, const data::ImageDataset& all) {
  const std::int64_t limit = *config.limit_per_class;
  const std::string option = "--limit-per-class " + std::to_string(limit) + ": ";
  if (config.fraction != 1) {
    throw UsageError(option +
                     "--fraction says as well how much of the training set to use; give "
                     "one of the two");
  }
  if (limit < 1) throw UsageError(option + "expected at least 1");
  const std::vector<std::int64_t> sizes = class_sizes(all);
  const auto smallest = std::ranges::min_element(sizes);
  if (smallest == sizes.end() || *smallest >= limit) return;
  throw UsageError(option + "class \"" +
                   all.class_names[static_cast<std::size_t>(smallest - sizes.begin())] + "\" has " +
                   images_text(*smallest) + " to train on; " +
                   (*smallest == 0 ? "it needs some, or must be left out of the data set"
                                   : "expected at most " + std::to_string(*smallest)));
}

void check_validation_share(const TrainConfig& config, std::int64_t images) {
  const std::string option = "--validation " + brief(config.validation) + ": ";
  if (!(config.validation > 0 && config.validation < 1)) {
    throw UsageError(option + "expected a share of the training images, at least 0 and below 1");
  }
  const std::int64_t aside = share_of(images, config.validation);
  if (aside > 0 && aside < images) return;
  throw UsageError(
      option + "of " + images_text(images) + ", that leaves none " +
      (aside == 0 ? "for validation; give a larger share" : "to train on; give a smaller share"));
}

/// An accuracy that says nothing of a class is none to choose by.
void check_classes(const TrainConfig& config, const data::Split& split) {
  const std::vector<std::int64_t> train = class_sizes(split.train);
  const std::vector<std::int64_t> validation = class_sizes(split.validation);
  for (std::size_t c = 0; c < train.size(); ++c) {
    if ((train[c] == 0) == (validation[c] == 0)) continue;
    const std::int64_t images = train[c] + validation[c];
    const bool is_unseen = validation[c] == 0;
    const std::string remedy = images == 1
                                   ? "it needs a second image"
                                   : (is_unseen ? "give a larger share" : "give a smaller share");
    throw UsageError("--validation " + brief(config.validation) + ": of the " +
                     images_text(images) + " of class \"" + split.train.class_names[c] +
                     "\" with seed " + std::to_string(config.seed) + ", that leaves none " +
                     (is_unseen ? "for validation; " : "to train on; ") + remedy);
  }
}

void check_noise(const TrainConfig& config, const data::ImageDataset& all) {
  const std::string option = "--label-noise " + brief(config.label_noise) + ": ";
  if (!(config.label_noise >= 0 && config.label_noise <= 1)) {
    throw UsageError(option + "expected a share of the labels, 0 to 1");
  }
  if (all.class_names.size() < 2) {
    throw UsageError(option + "a wrong label takes a second class, and the data set has one");
  }
}

}  // namespace

TrainingPart training_part(const TrainConfig& config, const data::ImageDataset& all) {
  const auto generator = [&config](std::uint64_t stream) {
    return Generator{.seed = config.seed, .stream = stream};
  };
  if (config.limit_per_class) check_limit(config, all);
  Generator drawing = generator(streams::subset);
  TrainingPart part{.train = config.limit_per_class
                                 ? data::subset_per_class(all, *config.limit_per_class, drawing)
                                 : data::subset(all, config.fraction, drawing),
                    .validation = {},
                    .mislabelled = {}};
  if (config.validation != 0) {
    check_validation_share(config, part.train.size());
    Generator splitting = generator(streams::validation);
    data::Split split = data::stratified_split(part.train, config.validation, splitting);
    check_classes(config, split);
    part.train = std::move(split.train);
    part.validation = std::move(split.validation);
  }
  if (config.label_noise != 0) {
    check_noise(config, all);
    Generator mislabelling = generator(streams::label_noise);
    data::NoisyLabels noisy = data::add_label_noise(part.train, config.label_noise, mislabelling,
                                                    config.label_noise_kind);
    part.train = std::move(noisy.dataset);
    part.mislabelled = std::move(noisy.changed);
  }
  return part;
}

void check_training_part(const TrainConfig& config, const data::ImageDataset& all) {
  if (!config.limit_per_class && config.validation == 0 && config.label_noise == 0) return;
  // The draws depend on the labels alone, so the images may be of one pixel.
  training_part(config, {.images = Tensor::zeros({all.size(), 1, 1, 1}, {.dtype = DType::u8}),
                         .labels = all.labels,
                         .class_names = all.class_names,
                         .mean = {0.0F},
                         .deviation = {1.0F}});
}

std::int64_t training_size(const TrainConfig& config, const data::ImageDataset& all) {
  return drawn_size(config, all) - validation_size(config, all);
}

std::int64_t validation_size(const TrainConfig& config, const data::ImageDataset& all) {
  return share_of(drawn_size(config, all), config.validation);
}

std::int64_t mislabelled_size(const TrainConfig& config, const data::ImageDataset& all) {
  return share_of(training_size(config, all), config.label_noise);
}

const std::vector<std::string>& label_noise_names() {
  static const std::vector<std::string> names = {"symmetric", "pair"};
  return names;
}

std::string name_of(data::LabelNoise kind) {
  return label_noise_names()[static_cast<std::size_t>(kind)];
}

data::LabelNoise parse_label_noise(std::string_view text) {
  const std::string name = parse_choice(text, label_noise_names());
  const auto found = std::ranges::find(label_noise_names(), name);
  return static_cast<data::LabelNoise>(found - label_noise_names().begin());
}

}  // namespace plastic::apps

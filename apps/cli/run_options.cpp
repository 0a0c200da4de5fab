#include "apps/cli/run_options.h"

#include <limits>

#include "apps/cli/values.h"
#include "apps/terminal/terminal_text.h"
#include "apps/training/augmentation.h"
#include "apps/training/last_batch.h"
#include "apps/training/model_choice.h"
#include "apps/training/optimizer_options.h"
#include "apps/training/training_part.h"
#include "core/text.h"
#include "core/text_stream.h"
#include "plastic/core/device.h"
#include "plastic/data/image_folder.h"

namespace plastic::apps {

void settle(RunOptions& options) {
  if (options.image_size && options.data != "folder") {
    throw UsageError("--image-size: only for --data folder; " + options.data + " has its own size");
  }
  if ((options.orientation || options.skip_bad_images) && options.data != "folder") {
    throw UsageError(std::string(options.orientation ? "--orientation" : "--skip-bad-images") +
                     ": only for --data folder; " + options.data + " is read as it was published");
  }
  if (options.run.limit_per_class && options.run.fraction != 1) {
    throw UsageError(
        "--limit-per-class: --fraction says as well how much of the training set to "
        "use; give one of the two");
  }
  if (options.paper && options.data == "cifar-10") {
    options.run.batch_size = 64;
    options.run.augment = {.crop_padding = 4, .flip = 0.5};
  }
  if (options.batch_size) options.run.batch_size = *options.batch_size;
  if (options.augment) options.run.augment = *options.augment;
  resolve_model(options.run);
  if (options.probe == 0) return;
  options.run.probe = options.probe_options;
  options.run.probe->every = options.probe;
}

void check_tensorboard(const RunOptions& options) {
  if (options.tensorboard && options.out.empty()) throw UsageError("--tensorboard needs --out");
}

std::vector<std::string> idle_options(const RunOptions& options) {
  const TrainConfig& run = options.run;
  std::vector<std::string> sentences;
  if (run.label_noise == 0 && run.label_noise_kind != TrainConfig().label_noise_kind) {
    sentences.push_back("--label-noise-kind " + name_of(run.label_noise_kind) +
                        " has no effect without --label-noise");
  }
  const optim::ProbeOptions usual;
  if (options.probe == 0 && options.probe_options.tensors != usual.tensors) {
    sentences.emplace_back("--probe-tensors has no effect without --probe");
  }
  if (options.probe == 0 && options.probe_options.sample != usual.sample) {
    sentences.emplace_back("--probe-sample has no effect without --probe");
  }
  return sentences;
}

std::int64_t image_size(const RunOptions& options) {
  constexpr std::int64_t usual = 32;
  return options.image_size.value_or(usual);
}

data::Orientation orientation(const RunOptions& options) {
  return options.orientation.value_or(data::ImageFolderOptions().orientation);
}

std::uint64_t parse_seed(const std::string& text) {
  return static_cast<std::uint64_t>(
      parse_integer(text, 0, std::numeric_limits<std::int64_t>::max()));
}

std::string paper_settings_text() {
  std::string text;
  for (const std::string& name : optimizer_names()) {
    text += "  " + name + ": " + describe(default_settings(name, true)) + "\n";
  }
  return text;
}

std::string run_header(const RunOptions& options, const data::DatasetPair& data) {
  const std::int64_t images = training_size(options.run, data.train);
  const std::int64_t validation_images = validation_size(options.run, data.train);
  TextStream text;
  text << "data       " << data.name << " (" << printable(data.source) << "): " << images << " of "
       << data.train.size() << " training images, ";
  if (validation_images > 0) text << validation_images << " for validation, ";
  text << data.test.size() << " test images\n";
  if (options.run.label_noise > 0) {
    text << "labels     " << mislabelled_size(options.run, data.train)
         << " of the training images have a wrong one (" << name_of(options.run.label_noise_kind)
         << ")\n";
  }
  text << (options.run.augment.any()
               ? "augment    " + join(augment_parts(options.run.augment)) + "\n"
               : "")
       << "model      " << nn::describe(classifier_form(data, options.run)) << "\n";
  if (options.run.device.type != DeviceType::cpu ||
      options.arithmetic.precision != Precision::f32) {
    text << "device     " << device_text(options.run.device) << "; precision "
         << precision_text(options.arithmetic.precision, options.run.device)
         << (options.arithmetic.deterministic ? ", deterministic" : "") << "\n";
  }
  text << "training   " << options.run.epochs << (options.run.epochs == 1 ? " epoch" : " epochs")
       << ", batches of " << options.run.batch_size << last_batch_text(options.run, data.train)
       << ", " << num_threads() << (num_threads() == 1 ? " thread" : " threads");
  return text.str();
}

}  // namespace plastic::apps

// plastic predict: what a trained network sees in images.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "apps/cli/device_options.h"
#include "apps/cli/image_names.h"
#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "apps/commands/commands.h"
#include "apps/runs/saved_model.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/terminal_text.h"
#include "apps/training/interrupt.h"
#include "core/check.h"
#include "core/io/utf8_path.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "plastic/data/image.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

struct PredictOptions {
  std::filesystem::path run;
  std::vector<std::string> images;
  std::int64_t top = 3;
  Device device = {};
  bool invert = false;
  bool json = false;
};

struct Guess {
  std::string name;
  double probability = 0.0;
};

// (1, C, H, W) f32, normalised as the training set was.
Tensor to_input(const Tensor& image, const nn::ClassifierForm& form, bool invert) {
  const Tensor resized = data::resize_image(image, form.height, form.width);
  const auto* pixels = resized.data<std::uint8_t>();
  Tensor input = Tensor::empty({1, form.channels, form.height, form.width});
  auto* values = input.mutable_data<float>();
  const std::int64_t plane = form.height * form.width;
  for (std::int64_t i = 0; i < input.numel(); ++i) {
    const auto channel = static_cast<std::size_t>(i / plane);
    const int pixel = invert ? 255 - pixels[i] : pixels[i];
    values[i] = (static_cast<float>(pixel) / 255.0F - form.mean[channel]) / form.deviation[channel];
  }
  return input;
}

// The most likely classes, best first.
std::vector<Guess> predict_one(const SavedModel& saved, const std::string& path,
                               const PredictOptions& options) {
  const NoGrad no_grad;
  const std::int64_t channels = saved.channels;
  const Tensor image = read_named_image(path, channels, saved.orientation);
  const Tensor logits = (*saved.network)(to_input(image, saved, options.invert).to(options.device));
  const std::vector<float> shares = softmax(logits, 1).to_vector<float>();
  if (!std::ranges::all_of(shares, [](float share) { return std::isfinite(share); })) {
    fail("predict", saved.weights.string(), ": the outputs are not finite for ", path);
  }
  std::vector<std::size_t> order(shares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return shares[i]; });
  order.resize(std::min(order.size(), static_cast<std::size_t>(options.top)));
  std::vector<Guess> guesses;
  for (const std::size_t i : order) {
    guesses.push_back({saved.class_names[i], static_cast<double>(shares[i])});
  }
  return guesses;
}

void print_json(const ordered_json& json) {
  // Names of files need not be UTF-8, nor printable: everything but ASCII is escaped.
  std::cout << json.dump(-1, ' ', true, ordered_json::error_handler_t::replace) << std::endl;
}

void print(const std::string& path, const std::vector<Guess>& guesses, bool as_json) {
  if (as_json) {
    ordered_json classes = ordered_json::array();
    for (const Guess& guess : guesses) {
      classes.push_back({{"class", guess.name}, {"probability", guess.probability}});
    }
    print_json({{"image", path}, {"classes", classes}});
    return;
  }
  std::vector<std::string> parts;
  for (const Guess& guess : guesses) {
    parts.push_back(printable(guess.name) + " " + format_percent(guess.probability));
  }
  std::cout << printable(path) << ": " << join(parts) << std::endl;
}

void predict(const PredictOptions& options) {
  if (options.run.empty()) throw UsageError("--checkpoint RUN is missing");
  if (std::ranges::find(options.images, "") != options.images.end()) {
    throw UsageError("IMAGE: expected a file, got nothing");
  }
  check_device(options.device);
  const SavedModel saved = load_saved_model(options.run);
  saved.network->to(options.device);
  if (!options.json) {
    const bool is_on_cpu = options.device.type == DeviceType::cpu;
    std::cout << nn::describe(saved) << " trained on " << printable(saved.data) << ", epoch "
              << saved.epoch << " (" << printable(saved.weights.string()) << ")"
              << (is_on_cpu ? "" : ", on " + device_text(options.device)) << "\n";
  }
  std::vector<std::string> images;
  for (const std::string& name : options.images) {
    std::ranges::move(images_of(name), std::back_inserter(images));
  }
  const InterruptGuard guard;
  std::size_t unread = 0;
  for (const std::string& path : images) {
    if (interrupted()) throw Interrupted("stopped before " + printable(path));
    try {
      print(path, predict_one(saved, path, options), options.json);
    } catch (const Error& error) {
      ++unread;
      if (options.json) print_json({{"image", path}, {"error", error.what()}});
      std::cerr << "plastic: " << printable(error.what()) << std::endl;
    }
  }
  if (unread > 0) {
    fail("predict", unread, " of ", images.size(), images.size() == 1 ? " image" : " images",
         " could not be read");
  }
}

std::string footer() {
  return "An image may have any size: it is converted to grey or colour like the training set,\n"
         "resized to its size (stretched if its shape differs), and normalised as it was. Digits\n"
         "and clothes are light on a dark ground in mnist, fashion-mnist and digits; for dark on\n"
         "light, as on paper, use --invert. The network is the run's best.safetensors, if kept,\n"
         "otherwise checkpoint.safetensors; RUN may also be one such file, or one that export\n"
         "--safetensors wrote. IMAGE may be a folder, whose PNG and JPEG files are read, "
         "including\n"
         "those in its subfolders, or - for standard input. Images are turned upright by their "
         "EXIF\n"
         "orientation unless the run, which an exported file no longer knows, was trained with\n"
         "--orientation ignore. One that cannot be read is named; the others are classified,\n"
         "and the exit code is 1. --json prints one object per line: image and classes (each\n"
         "class and probability, best first), or image and error. Outputs are computed in f32,\n"
         "also those of a network that was trained in bf16, whose weights are f32.\n"
         "\n"
         "Examples:\n"
         "  plastic predict --checkpoint runs/first photo.png\n"
         "  plastic predict --checkpoint runs/digits --invert --top 1 scans/*.jpg";
}

}  // namespace

void add_predict(CLI::App& program) {
  const auto options = std::make_shared<PredictOptions>();
  CLI::App& command = add_command(program, "predict", "Classify images with a trained network.",
                                  footer(), [options] { predict(*options); });
  command
      .add_option("IMAGE", options->images,
                  "PNG and JPEG files, folders of them, - for standard input")
      ->required()
      ->type_name("FILE...");
  add_text_option(command, "--checkpoint", "RUN", "", "Network",
                  "The folder of a run, written by train with --out, or a .safetensors file in it "
                  "or of export",
                  [options](const std::string& text) { options->run = path_of_utf8(text); });
  add_device_option(command, options->device);
  add_switch(command, "--invert", "Images", "Invert light and dark first", options->invert);
  add_text_option(
      command, "--top", "N", "3", "Output", "Show the N most likely classes",
      [options](const std::string& text) { options->top = parse_integer(text, 1, 1'000'000); });
  add_switch(command, "--json", "Output", "Print JSON, one object per line", options->json);
}

}  // namespace plastic::apps

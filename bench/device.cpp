// A CUDA device's training steps and optimizer steps, recorded once and repeated, as `plastic
// train` does; scripts/gpu-check compares them with PyTorch's on the same card. Needs no library
// but Plastic: it must build where nothing can be installed. Prints JSON.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include "bench/shapes.h"
#include "bench/training.h"
#include "plastic/plastic.h"

namespace plastic::bench {
namespace {

constexpr Device device{.type = DeviceType::cuda, .index = 0};

struct Options {
  double min_time = 0.5;
  std::vector<std::string> parts = {"copy", "optimizers", "models"};
  std::vector<std::string> precisions = {"f32", "tf32", "bf16"};
  std::vector<std::string> models = {"mlp", "small_cnn", "resnet18"};
  std::vector<std::string> batches = {"128"};
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(text)};
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : argument.substr(equals + 1);
    if (name == "--min-time") {
      options.min_time = std::strtod(value.data(), nullptr);
    } else if (name == "--parts") {
      options.parts = split(value);
    } else if (name == "--precisions") {
      options.precisions = split(value);
    } else if (name == "--models") {
      options.models = split(value);
    } else if (name == "--batches") {
      options.batches = split(value);
    } else {
      throw Error("[bench] unknown option " + std::string(argument));
    }
  }
  return options;
}

/// Reading a number waits for all that the device was given.
void wait() {
  static const Tensor number = Tensor::zeros({1}, {.device = device});
  number.item();
}

double seconds_of(std::int64_t count, const std::function<void()>& step) {
  wait();
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < count; ++i) step();
  wait();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Seconds a step: the median of several runs that together take `min_time`.
double time_step(double min_time, const std::function<void()>& step) {
  constexpr int runs = 7;
  for (int i = 0; i < 5; ++i) step();
  const double once = seconds_of(10, step) / 10;
  const auto count = std::max<std::int64_t>(1, static_cast<std::int64_t>(min_time / runs / once));
  std::vector<double> each;
  for (int i = 0; i < runs; ++i) {
    each.push_back(seconds_of(count, step) / static_cast<double>(count));
  }
  std::ranges::nth_element(each, each.begin() + runs / 2);
  return each[runs / 2];
}

void report(const std::string& name, double seconds, std::int64_t parameters) {
  std::cout << R"({"name": ")" << name << R"(", "seconds": )" << seconds << R"(, "parameters": )"
            << parameters << "}" << std::endl;
}

/// A model in training on random data that lies on the device.
class Step {
 public:
  Step(const std::string& model, std::int64_t batch) {
    const nn::ImageModelOptions images{.generator = &generator_};
    const bool is_mlp = model == "mlp";
    if (is_mlp) {
      model_ = nn::mlp({.inputs = 784,
                        .hidden = {512, 512},
                        .classes = 10,
                        .dropout = 0.1,
                        .generator = &generator_});
    } else {
      model_ = model == "resnet18" ? nn::resnet18(images) : nn::ModulePtr(nn::small_cnn(images));
    }
    model_->to(device);
    optimizer_ = sgd(model_->parameters());
    input_ = (is_mlp ? normal({batch, 784}, 0, 1, generator_)
                     : normal({batch, 32, 32, 3}, 0, 1, generator_).permute({0, 3, 1, 2}))
                 .to(device);
    std::vector<std::int64_t> labels;
    for (std::int64_t i = 0; i < batch; ++i) {
      labels.push_back(static_cast<std::int64_t>(generator_.next_below(10)));
    }
    labels_ = Tensor::from<std::int64_t>(labels, {batch}).to(device);
  }

  std::int64_t parameters() const { return model_->parameter_count(); }

  void eager() {
    compute_gradients();
    optimizer_->step();
  }

  void record() {
    optimizer_->advance();
    recording_ = std::make_unique<Recording>(device, generator_, [this] {
      compute_gradients();
      optimizer_->apply();
    });
  }

  void repeat() {
    optimizer_->advance();
    recording_->repeat();
  }

 private:
  void compute_gradients() {
    optimizer_->zero_grad();
    nn::CrossEntropyLoss()((*model_)(input_), labels_).backward();
  }

  Generator generator_{.seed = 1};
  nn::ModulePtr model_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  Tensor input_;
  Tensor labels_;
  std::unique_ptr<Recording> recording_;
};

void time_models(const Options& options) {
  for (const std::string& precision : options.precisions) {
    set_precision(parse_precision(precision));
    for (const std::string& model : options.models) {
      for (const std::string& batch : options.batches) {
        const std::string name = "/" + model + "/batch" + batch + "/" + precision;
        Step step(model, std::stoll(batch));
        report("eager" + name, time_step(options.min_time, [&] { step.eager(); }),
               step.parameters());
        step.record();
        report("graph" + name, time_step(options.min_time, [&] { step.repeat(); }),
               step.parameters());
      }
    }
  }
}

void time_optimizers(const Options& options) {
  const std::pair<const char*, MakeOptimizer> rules[] = {
      {"sgd", sgd},
      {"adam", [](const Parameters& p) { return std::make_unique<optim::Adam>(p); }},
      {"neuroplastic", neuroplastic}};
  for (const auto& [rule, make] : rules) {
    Generator generator{.seed = 1};
    Parameters parameters;
    std::int64_t count = 0;
    for (const Shape& shape : resnet18_shapes()) {
      parameters.push_back(uniform(shape, -0.1, 0.1, generator).to(device).set_requires_grad());
      parameters.back().set_grad(uniform(shape, -0.01, 0.01, generator).to(device));
      count += shape.numel();
    }
    const auto optimizer = make(parameters);
    optimizer->step();
    optimizer->advance();
    Recording recording(device, generator, [&] { optimizer->apply(); });
    report(std::string("optimizer/") + rule,
           time_step(options.min_time,
                     [&] {
                       optimizer->advance();
                       recording.repeat();
                     }),
           count);
  }
}

/// Seconds to copy a block far larger than any cache: 8 bytes an element.
void time_copy(const Options& options) {
  constexpr std::int64_t elements = std::int64_t{1} << 28;
  const Tensor from = Tensor::ones({elements}, {.device = device});
  Tensor to = Tensor::zeros({elements}, {.device = device});
  report("copy", time_step(options.min_time, [&] { to.copy_(from); }), elements);
}

void run(const Options& options) {
  for (const std::string& part : options.parts) {
    if (part == "copy") {
      time_copy(options);
    } else if (part == "optimizers") {
      time_optimizers(options);
    } else if (part == "models") {
      time_models(options);
    } else {
      throw Error("[bench] unknown part " + part + "; there are copy, optimizers and models");
    }
  }
}

}  // namespace
}  // namespace plastic::bench

int main(int argc, char** argv) {
  try {
    plastic::bench::run(plastic::bench::parse(argc, argv));
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

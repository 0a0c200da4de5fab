// Whether a run slows down as it goes: an mlp of 784-256-256-10 in training, whose optimizer's
// moments of units without a gradient decay into denormal numbers, with these flushed, as always,
// and kept. After all epochs but the last, its steps take turns with those of a new training, so
// that both meet the same machine. Medians of the processor time per step, which other programs
// disturb less than the clock on the wall (with several threads, waiting counts), and of the ratios
// of neighbouring steps: the speed of the last epoch against that of the first. usage:
// plastic_bench_denormals [DATA [OPTIMIZER [EPOCHS [THREADS [DATA_DIR]]]]]; mnist adam 6 1. The
// optimizer "all" stands for each of the program's.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/training/optimizer_overrides.h"
#include "apps/training/optimizers.h"
#include "plastic/core/device.h"
#include "plastic/core/flush_denormals.h"
#include "plastic/data/catalog.h"
#include "plastic/data/loader.h"
#include "plastic/nn/loss.h"
#include "plastic/nn/models.h"
#include "plastic/optim/optimizer.h"

namespace plastic::bench {
namespace {

constexpr std::int64_t batch = 128;

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

class Training {
 public:
  Training(const data::ImageDataset& images, const apps::OptimizerSettings& settings, int epochs)
      : epochs_(epochs),
        model_(nn::mlp({.hidden = {256, 256}, .dropout = 0.1, .generator = &generator_})),
        optimizer_(apps::make_optimizer(settings, model_->parameters())),
        loader_(images, {.batch_size = batch, .generator = {.seed = 1, .stream = 1}}) {}

  void start_epoch() {
    optimizer_->set_epoch(++epoch_, epochs_);
    loader_.start_epoch();
  }

  /// Milliseconds of processor time; 0 at the end of the epoch.
  double step() {
    data::Batch images;
    if (!loader_.next(images)) return 0;
    const std::clock_t begin = std::clock();
    optimizer_->zero_grad();
    nn::CrossEntropyLoss()((*model_)(images.images), images.labels).backward();
    optimizer_->step();
    return 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  }

 private:
  int epochs_;
  int epoch_ = 0;
  Generator generator_{.seed = 1};
  std::shared_ptr<nn::Sequential> model_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  data::Loader loader_;
};

void measure(const data::ImageDataset& images, const std::string& optimizer, int epochs) {
  const apps::OptimizerSettings settings = apps::resolve_settings(optimizer, true, {});
  Training old(images, settings, epochs), young(images, settings, epochs);
  for (int epoch = 1; epoch < epochs; ++epoch) {
    old.start_epoch();
    while (old.step() > 0) {
    }
  }
  old.start_epoch();
  young.start_epoch();
  std::vector<double> first, last, speeds;
  while (true) {
    const double now = young.step();
    const double then = old.step();
    if (now == 0 || then == 0) break;
    first.push_back(now);
    last.push_back(then);
    speeds.push_back(now / then);
  }
  std::printf("first epoch %8.3f ms per step, epoch %d %8.3f, speed %.3f\n", median(first), epochs,
              median(last), median(speeds));
}

}  // namespace
}  // namespace plastic::bench

int main(int argc, char** argv) {
  using namespace plastic;
  try {
    const auto text = [&](int i, const char* otherwise) {
      return std::string(argc > i ? argv[i] : otherwise);
    };
    set_num_threads(std::stoi(text(4, "1")));
    std::optional<std::filesystem::path> folder;
    if (argc > 5) folder = argv[5];
    const data::DatasetPair data = data::load(text(1, "mnist"), folder);
    const std::string optimizer = text(2, "adam");
    const auto optimizers =
        optimizer == "all" ? apps::optimizer_names() : std::vector<std::string>{optimizer};
    for (const std::string& name : optimizers) {
      std::printf("%s on %s, batch %lld, threads: %d\n", name.c_str(), text(1, "mnist").c_str(),
                  static_cast<long long>(bench::batch), num_threads());
      for (const bool flush : {true, false}) {
        std::printf("denormal numbers %s ", flush ? "flushed:" : "kept:   ");
        std::fflush(stdout);
        std::optional<FlushDenormals> keep;
        if (!flush) keep.emplace(false);
        bench::measure(data.train, name, std::stoi(text(3, "6")));
      }
    }
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
}

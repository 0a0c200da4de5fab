// What the loader takes for a batch of 32x32 colour images, and what is left of that in a training
// step while one thread prepares batches ahead. It has no peer: build/bench/plastic_bench_loader.

#include "plastic/data/loader.h"

#include <chrono>
#include <memory>
#include <utility>

#include "bench/harness.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/data/shapes.h"

namespace plastic::bench {
namespace {

const data::ImageDataset& dataset() {
  static const data::ImageDataset set = data::shapes({.train_size = 10000, .test_size = 1}).train;
  return set;
}

class Batches {
 public:
  Batches(std::int64_t batch_size, const data::AugmentOptions& augment, int prefetch_threads)
      : loader_(
            dataset(),
            {.batch_size = batch_size, .augment = augment, .prefetch_threads = prefetch_threads}) {
    loader_.start_epoch();
  }

  void next() {
    if (loader_.next(batch_)) return;
    loader_.start_epoch();
    loader_.next(batch_);
  }

 private:
  data::Loader loader_;
  data::Batch batch_;
};

/// Keeps all threads of the CPU device busy with products for about so long.
class Work {
 public:
  explicit Work(double milliseconds) : milliseconds_(milliseconds) {
    Generator generator{.seed = 1};
    a_ = normal({512, 512}, 0, 1, generator);
    repetitions_ = static_cast<int>(milliseconds_ / time_of(200) * 200) + 1;
  }

  void run() const { time_of(repetitions_); }

 private:
  double time_of(int repetitions) const {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < repetitions; ++i) benchmark::DoNotOptimize(matmul(a_, a_));
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
  }

  double milliseconds_;
  Tensor a_;
  int repetitions_ = 0;
};

std::string entry(const std::string& what, const char* kind, std::int64_t batch) {
  std::string name = what;
  name += '/';
  name += kind;
  name += "/batch";
  name += std::to_string(batch);
  return name;
}

}  // namespace

void add_entries(const Options& options) {
  const std::pair<const char*, data::AugmentOptions> kinds[] = {
      {"plain", {}},
      {"crop,flip", {.crop_padding = 4, .flip = 0.5}},
      {"crop,flip,cutout,jitter",
       {.crop_padding = 4,
        .flip = 0.5,
        .brightness = 0.2,
        .contrast = 0.2,
        .saturation = 0.2,
        .cutout = 16}}};
  for (const std::int64_t batch : options.batches) {
    for (const auto& [name, augment] : kinds) {
      add_step(entry("batch", name, batch), options, 0, [batch, augment = augment] {
        const auto batches = std::make_shared<Batches>(batch, augment, 0);
        return [batches] { batches->next(); };
      });
    }
    for (const double milliseconds : {10.0, 90.0, 1200.0}) {
      const std::string step = "step of " + std::to_string(static_cast<int>(milliseconds)) + " ms";
      // The same work in all entries of a step.
      const auto work = std::make_shared<std::unique_ptr<Work>>();
      const auto prepared = [work, milliseconds] {
        if (!*work) *work = std::make_unique<Work>(milliseconds);
        return std::shared_ptr<const Work>(work, work->get());
      };
      add_step(entry(step, "no loader", batch), options, 0,
               [prepared] { return [work = prepared()] { work->run(); }; });
      for (const auto& [name, augment] : kinds) {
        add_step(entry(step, name, batch), options, 0, [batch, prepared, augment = augment] {
          const auto batches = std::make_shared<Batches>(batch, augment, 1);
          return [batches, work = prepared()] {
            batches->next();
            work->run();
          };
        });
      }
    }
  }
}

}  // namespace plastic::bench

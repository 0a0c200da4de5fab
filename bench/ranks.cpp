// A whole training step on the ranks that mpirun started, or on one process: the whole batch at
// once, in shards, or one shard per rank. bench/ranks.py (scripts/bench ranks) starts it.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/counted_communicator.h"
#include "plastic/core/autograd.h"
#include "plastic/core/device.h"
#include "plastic/core/error.h"
#include "plastic/core/random.h"
#include "plastic/distributed.h"
#include "plastic/nn/loss.h"
#include "plastic/nn/models.h"
#include "plastic/optim/sgd.h"

namespace plastic::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  /// mlp, small_cnn or resnet18.
  std::string model;
  std::int64_t batch = 128;
  /// None: the whole batch at once, which is for one process.
  std::optional<int> shards;
  int threads = 1;
  double min_time = 1;
};

/// A model in training on one random batch, of which this rank has its part.
class Training {
 public:
  Training(const Arguments& arguments, distributed::Communicator& among)
      : batch_(arguments.batch), model_(make(arguments.model)) {
    optimizer_ = std::make_unique<optim::Sgd>(model_->parameters(),
                                              optim::SgdOptions{.lr = 1e-3, .momentum = 0.9});
    if (arguments.shards) {
      shards_ = std::make_unique<distributed::ShardedBackward>(
          *optimizer_,
          distributed::ShardOptions{.shards = *arguments.shards, .generator = &generator_}, among);
    }
    // As a loader gives them: images channels-last.
    images_ = arguments.model == "mlp"
                  ? normal({batch_, 784}, 0, 1, generator_)
                  : normal({batch_, 32, 32, 3}, 0, 1, generator_).permute({0, 3, 1, 2});
    labels_ = Tensor::empty({batch_}, {.dtype = DType::i64});
    for (std::int64_t i = 0; i < batch_; ++i) {
      labels_.mutable_data<std::int64_t>()[i] =
          static_cast<std::int64_t>(generator_.next_below(10));
    }
  }

  void step() {
    optimizer_->zero_grad();
    if (shards_) {
      shards_->run(batch_, [&](const distributed::Shard& shard) {
        return distributed::ShardResult{.loss = loss(shard.rows)};
      });
    } else {
      loss({0, batch_}).backward();
    }
    optimizer_->step();
  }

 private:
  nn::ModulePtr make(const std::string& model) {
    if (model == "mlp") {
      return nn::mlp({.hidden = {512, 512}, .dropout = 0.1, .generator = &generator_});
    }
    const nn::ImageModelOptions options{.generator = &generator_};
    if (model == "small_cnn") return nn::small_cnn(options);
    if (model == "resnet18") return nn::resnet18(options);
    throw Error("there is no model " + model + "; mlp, small_cnn, resnet18");
  }

  Tensor loss(const distributed::Rows& rows) {
    return nn::CrossEntropyLoss()((*model_)(images_.slice(0, rows.first, rows.last)),
                                  labels_.slice(0, rows.first, rows.last));
  }

  std::int64_t batch_;
  Generator generator_{.seed = 1};
  nn::ModulePtr model_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::unique_ptr<distributed::ShardedBackward> shards_;
  Tensor images_;
  Tensor labels_;
};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void measure(const Arguments& arguments) {
  distributed::init();
  set_num_threads(arguments.threads);
  CountedCommunicator among(distributed::world());
  Training training(arguments, among);
  // As many steps on each rank.
  const auto warm_up = Clock::now();
  training.step();
  auto steps = static_cast<std::uint64_t>(arguments.min_time / seconds_since(warm_up)) + 2;
  among.broadcast(std::as_writable_bytes(std::span(&steps, 1)), 0);
  training.step();
  among.barrier();
  among.reset();
  std::vector<double> seconds;
  for (std::uint64_t i = 0; i < steps; ++i) {
    const auto begin = Clock::now();
    training.step();
    seconds.push_back(seconds_since(begin));
  }
  if (among.rank() != 0) return;
  std::ranges::sort(seconds);
  const Traffic& traffic = among.traffic();
  const auto count = static_cast<double>(steps);
  std::printf(
      "{\"seconds\": %.9g, \"steps\": %zu, \"gathers\": %g, \"gather_seconds\": %.9g, "
      "\"exchanges\": %g, \"exchange_seconds\": %.9g, \"bytes\": %.0f}\n",
      seconds[seconds.size() / 2], seconds.size(), traffic.gathers / count,
      traffic.gather_seconds / count, traffic.exchanges / count, traffic.exchange_seconds / count,
      traffic.bytes / count);
}

}  // namespace
}  // namespace plastic::bench

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 5) {
    std::cerr << "usage: plastic_bench_ranks MODEL BATCH SHARDS|none THREADS SECONDS\n";
    return 2;
  }
  try {
    plastic::bench::Arguments arguments{.model = words[0],
                                        .batch = std::stoll(words[1]),
                                        .shards = std::nullopt,
                                        .threads = std::stoi(words[3]),
                                        .min_time = std::stod(words[4])};
    if (words[2] != "none") arguments.shards = std::stoi(words[2]);
    plastic::bench::measure(arguments);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    plastic::distributed::world().abort(1);
  }
  return 0;
}

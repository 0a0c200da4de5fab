// Backward passes in shards on several ranks, threads that take turns at the emulator, each with a
// device of its own.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "plastic/core/ops/elementwise.h"
#include "plastic/distributed.h"
#include "plastic/optim/sgd.h"
#include "tests/emulator/libraries.h"
#include "tests/support/text.h"
#include "tests/support/thread_ranks.h"

namespace plastic::test {
namespace {

using distributed::Communicator;
using distributed::Shard;
using distributed::ShardedBackward;
using distributed::ShardResult;

/// Who has it may use the emulator. A rank's shards have threads of their own, so it is no mutex.
using Turn = std::binary_semaphore;

/// In between, others have the turn.
class Aside {
 public:
  explicit Aside(Turn& turn) : turn_(turn) { turn_.release(); }
  ~Aside() { turn_.acquire(); }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

 private:
  Turn& turn_;
};

/// A rank that steps aside while it waits for the others.
class TurnTaking : public Communicator {
 public:
  TurnTaking(Communicator& ranks, Turn& turn) : ranks_(ranks), turn_(turn) {}

  int rank() const override { return ranks_.rank(); }
  int size() const override { return ranks_.size(); }
  void barrier() override {
    const Aside aside(turn_);
    ranks_.barrier();
  }
  void broadcast(std::span<std::byte> bytes, int root) override {
    const Aside aside(turn_);
    ranks_.broadcast(bytes, root);
  }
  void all_gather(std::span<const std::byte> mine, std::span<std::byte> all) override {
    const Aside aside(turn_);
    ranks_.all_gather(mine, all);
  }
  // For the texts that ranks compare.
  void all_gather_parts(std::span<std::byte> whole, std::span<const std::size_t> offsets) override {
    const Aside aside(turn_);
    ranks_.all_gather_parts(whole, offsets);
  }
  // What devices exchange does not pass through the host, whose sums begin with an exchange.
  void exchange(std::span<const std::span<const std::byte>>,
                std::span<const std::span<std::byte>>) override {
    FAIL("exchange()");
  }
  void all_reduce_plain(std::span<float>) override { FAIL("all_reduce_plain()"); }
  void abort(int code) noexcept override { ranks_.abort(code); }
  void send(std::span<const std::byte> bytes, int to) override { ranks_.send(bytes, to); }
  bool try_receive(std::vector<std::byte>& bytes, int& from) override {
    return ranks_.try_receive(bytes, from);
  }

 private:
  Communicator& ranks_;
  Turn& turn_;
};

/// Calls `body` for each rank, one at a time.
template <class F>
void run_ranks(int count, F&& body) {
  Turn turn(1);
  emulator::nccl().wait_for_others = [&] {
    const Aside aside(turn);
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  };
  ThreadRanks(count).run([&](Communicator& own) {
    turn.acquire();
    struct End {
      Turn& turn;
      ~End() { turn.release(); }
    } const end{turn};
    TurnTaking ranks(own, turn);
    body(ranks);
  });
  emulator::nccl().wait_for_others = nullptr;
}

/// The gradients of five numbers, the last of which only the first shard reads, after two batches
/// that add up.
std::vector<float> gradients(Communicator& ranks, Device device, std::int64_t batch, int shards) {
  std::vector<Tensor> weights;
  for (int i = 0; i < 5; ++i) {
    weights.push_back(Tensor::full({1}, 0.1 * i + 0.7, {.device = device}));
    weights.back().set_requires_grad(true);
  }
  optim::Sgd optimizer(weights, {.lr = 0.1});
  // Ranks that are threads cannot share default_generator().
  Generator own;
  ShardedBackward backward(optimizer, {.shards = shards, .generator = &own}, ranks);
  for (int step = 0; step < 2; ++step) {
    backward.run(batch, [&](const Shard& shard) {
      Tensor loss = weights[0] * weights[1] * (1e3 / (shard.index + 3.0));
      for (std::size_t i = 1; i < 4; ++i) {
        loss = loss + weights[i] * weights[i] * (shard.index * 0.37 + step + 1.0 / 3);
      }
      if (shard.index == 0) loss = loss * weights[4];
      return ShardResult{.loss = loss.reshape({})};
    });
  }
  std::vector<float> values;
  for (const Tensor& weight : weights) values.push_back(weight.grad().to_vector<float>()[0]);
  return values;
}

std::vector<float> gradients_on_devices(int count, std::int64_t batch, int shards) {
  std::vector<std::vector<float>> all(static_cast<std::size_t>(count));
  run_ranks(count, [&](Communicator& ranks) {
    const Device device{.type = DeviceType::cuda, .index = ranks.rank()};
    all[static_cast<std::size_t>(ranks.rank())] = gradients(ranks, device, batch, shards);
  });
  for (const std::vector<float>& one : all) CHECK(one == all.front());
  return all.front();
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}) / (1 + std::abs(b[i])));
  }
  return largest;
}

TEST_CASE("emulator.ranks.gradients_have_the_same_bits_on_any_number_of_devices") {
  for (const std::int64_t batch : {std::int64_t{13}, std::int64_t{3}}) {
    CAPTURE(batch);
    const std::vector<float> one = gradients_on_devices(1, batch, 8);
    CHECK(largest_difference(one, gradients(distributed::alone(), Device{}, batch, 8)) < 1e-6);
    for (const int devices : {2, 3, 4}) {
      CAPTURE(devices);
      CHECK(gradients_on_devices(devices, batch, 8) == one);
    }
  }
}

TEST_CASE("emulator.ranks.gradients_with_plain_sums") {
  const std::vector<float> expected = gradients(distributed::alone(), Device{}, 12, 2);
  CHECK(largest_difference(gradients_on_devices(2, 12, 0), expected) < 1e-6);
}

TEST_CASE("emulator.ranks.several_devices_need_nccl") {
  emulator::nccl().is_missing = true;
  const std::string error = error_of([] { gradients_on_devices(2, 8, 2); });
  emulator::nccl().is_missing = false;
  emulator::nccl().wait_for_others = nullptr;
  CHECK(contains(error, "NCCL cannot be loaded"));
}

}  // namespace
}  // namespace plastic::test

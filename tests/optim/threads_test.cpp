// Trainings beside each other in one process have the bits of each alone.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "tests/optim/concurrency.h"
#include "tests/support/thread_count.h"

namespace plastic {
namespace {

using test::ThreadCount;
using test::trained;
using Weights = std::vector<std::vector<float>>;

/// Calls f(0), f(1), ... on a thread each, all at once.
void at_once(std::size_t count, const std::function<void(std::size_t)>& f) {
  std::atomic<std::size_t> waiting = count;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      f(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("optim.threads.two_trainings_have_the_bits_of_each_alone") {
  const ThreadCount count(3);
  for (const optim::OptimizerEntry& entry : optim::optimizer_table()) {
    CAPTURE(entry.name);
    std::array<Weights, 2> together;
    at_once(2, [&](std::size_t i) { together[i] = trained(entry.name, i + 1); });
    CHECK(together[0] == trained(entry.name, 1));
    CHECK(together[1] == trained(entry.name, 2));
    CHECK(together[0] != together[1]);
  }
}

TEST_CASE("optim.threads.all_optimizers_at_once") {
  const ThreadCount count(2);
  const auto& table = optim::optimizer_table();
  std::vector<Weights> together(table.size());
  at_once(table.size(), [&](std::size_t i) { together[i] = trained(table[i].name, 7, 2); });
  for (std::size_t i = 0; i < table.size(); ++i) {
    CAPTURE(table[i].name);
    CHECK(together[i] == trained(table[i].name, 7, 2));
  }
}

TEST_CASE("optim.threads.training_beside_inference_and_changes_of_the_number_of_threads") {
  const ThreadCount count(3);
  test::SharedInference shared({4, 3, 32, 32});
  const std::vector<float> expected = shared.infer();
  // Nothing is kept of the weights: the threads fold and pack them, some at once.
  shared.model.load_state_dict(shared.model.state_dict());
  std::array<Weights, 2> together;
  std::array<std::atomic<int>, 3> wrong{};
  at_once(together.size() + wrong.size() + 1, [&](std::size_t i) {
    if (i < together.size()) {
      together[i] = trained("neuroplastic", i + 1, 8);
    } else if (i < together.size() + wrong.size()) {
      for (int k = 0; k < 20; ++k) wrong[i - together.size()] += shared.infer() == expected ? 0 : 1;
    } else {
      for (int k = 0; k < 20; ++k) set_num_threads(1 + k % 4);
    }
  });
  for (const std::atomic<int>& number : wrong) CHECK(number == 0);
  for (std::size_t i = 0; i < together.size(); ++i) {
    CHECK(together[i] == trained("neuroplastic", i + 1, 8));
  }
}

}  // namespace
}  // namespace plastic

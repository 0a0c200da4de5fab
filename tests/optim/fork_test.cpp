// A child of fork() trains with the bits of its parent, whatever the parent's threads were doing.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/optim/concurrency.h"
#include "tests/support/child.h"
#include "tests/support/limits.h"
#include "tests/support/thread_count.h"

namespace plastic {
namespace {

using test::in_child;
using test::OwnTraining;
using test::ThreadCount;
using test::trained;

TEST_CASE("optim.fork.children_of_a_process_without_threads_train") {
  const ThreadCount count(1);
  const auto expected = trained("neuroplastic", 1);
  CHECK(in_child([&] { return trained("neuroplastic", 1) == expected ? 0 : 7; }) == 0);
  CHECK(in_child([&] {
          set_num_threads(3);
          return trained("neuroplastic", 1) == expected ? 0 : 7;
        }) == 0);
}

TEST_CASE("optim.fork.children_of_a_process_with_threads_train") {
  if (test::skips_threads_of_children()) return;
  const ThreadCount count(3);
  for (const optim::OptimizerEntry& entry : optim::optimizer_table()) {
    CAPTURE(entry.name);
    // Starts the threads, where that was not done.
    const auto expected = trained(entry.name, 1);
    CHECK(in_child([&] { return trained(entry.name, 1) == expected ? 0 : 7; }) == 0);
  }
}

TEST_CASE("optim.fork.parent_and_child_continue_one_training") {
  if (test::skips_threads_of_children()) return;
  const ThreadCount count(3);
  for (const char* name : {"neuroplastic", "adam", "muon"}) {
    CAPTURE(std::string(name));
    const auto expected = trained(name, 3, 6);
    OwnTraining training(name, 3);
    training.steps(3);
    CHECK(in_child([&] {
            training.steps(3);
            return training.values() == expected ? 0 : 7;
          }) == 0);
    training.steps(3);
    CHECK(training.values() == expected);
  }
}

/// Forks so often while two threads call `busy`: `right` must hold in every child.
void fork_beside(int forks, const std::function<void()>& busy, const std::function<bool()>& right) {
  std::atomic<bool> done = false;
  std::atomic<int> alive = 2;
  // Detached: in a child, the thread sanitizer refuses threads that look like joinable ones of the
  // parent.
  for (int i = 0; i < 2; ++i) {
    std::thread([&] {
      while (!done) busy();
      --alive;
    }).detach();
  }
  for (int i = 0; i < forks; ++i) {
    CHECK(in_child([&] {
            const int code = right() ? 0 : 7;
            // What the other threads had in hand has no owner here, of which a sanitizer would
            // tell.
            if (test::is_sanitized()) std::_Exit(code);
            return code;
          }) == 0);
  }
  done = true;
  while (alive > 0) std::this_thread::yield();
}

TEST_CASE("optim.fork.children_of_a_process_that_is_training_train") {
  if (test::skips_threads_of_children()) return;
  const ThreadCount count(3);
  const auto expected = trained("neuroplastic", 1);
  std::atomic<std::uint64_t> seed = 2;
  fork_beside(
      10,
      [&] {
        trained("adam", seed++);
        trained("neuroplastic", seed++);
      },
      [&] { return trained("neuroplastic", 1) == expected; });
}

TEST_CASE("optim.fork.children_infer_with_the_network_that_the_parents_threads_use") {
  // Small, so that the threads are most often where they look up what is kept of the weights.
  test::SharedInference shared({1, 3, 1, 1});
  const std::vector<float> expected = shared.infer();
  fork_beside(
      100, [&] { shared.infer(); }, [&] { return shared.infer() == expected; });
}

}  // namespace
}  // namespace plastic

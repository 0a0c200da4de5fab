// The end of a process, its children, and threads that the system does not give: no abort, no wait
// without end, no use of what is destroyed (which AddressSanitizer sees).
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/threads/fork.h"
#include "core/threads/parallel.h"
#include "plastic/core/autograd.h"
#include "plastic/core/device.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/nn/loss.h"
#include "plastic/nn/models.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/sgd.h"
#include "tests/support/child.h"
#include "tests/support/limits.h"
#include "tests/support/thread_count.h"

namespace plastic {
namespace {

using test::in_child;
using test::ThreadCount;

/// 0 when a product on all threads is right.
int product() {
  const Tensor c = matmul(Tensor::ones({300, 300}), Tensor::ones({300, 300}));
  return sum(c).item() == 300.0 * 300 * 300 ? 0 : 7;
}

/// A result with a graph of `parts` branches.
Tensor with_graph(int parts) {
  const Tensor a = Tensor::ones({2}, {.requires_grad = true});
  std::vector<Tensor> all;
  for (int i = 0; i < parts; ++i) all.push_back(a * a);
  return sum(concat(all));
}

struct Training {
  nn::ModulePtr model = nn::mlp({.hidden = {32}, .dropout = 0.1});
  optim::NeuroPlastic first{model->parameters(), {}};
  optim::Sgd second{model->parameters(), {.lr = 0.1, .momentum = 0.9}};
  Tensor loss;

  Training() {
    const Tensor x = Tensor::ones({4, 1, 28, 28});
    loss = nn::CrossEntropyLoss()(model->forward(x), Tensor::zeros({4}, {.dtype = DType::i64}));
    loss.backward({}, true);
    first.step();
    second.step();
  }
};

struct ComputesAtTheEnd {
  ~ComputesAtTheEnd() {
    set_num_threads(3);
    if (product() != 0) std::_Exit(8);
  }
};

TEST_CASE("core.process.objects_of_static_storage_end_well") {
  if (test::skips_threads_of_children()) return;
  for (const int parts : {1, 50}) {
    CAPTURE(parts);
    CHECK(in_child([&] {
            static Tensor kept;
            with_graph(3).backward();
            kept = with_graph(parts);
            return 0;
          }) == 0);
  }
  CHECK(in_child([] {
          static Training training;
          return 0;
        }) == 0);
  CHECK(in_child([] {
          static Generator generator{.seed = 3};
          static const ComputesAtTheEnd computes;
          static Tensor draws = normal({1000}, 0, 1, generator);
          set_num_threads(4);
          return product();
        }) == 0);
}

TEST_CASE("core.process.objects_of_thread_storage_end_well") {
  if (test::skips_threads_of_children()) return;
  const auto keep = [] {
    thread_local Tensor kept;
    thread_local Tensor other = with_graph(2);
    kept = with_graph(50);
    thread_local std::unique_ptr<Training> training;
    training = std::make_unique<Training>();
  };
  CHECK(in_child([&] {
          keep();
          std::thread(keep).join();
          return 0;
        }) == 0);
}

TEST_CASE("core.process.exit_from_inside_an_operation") {
  if (test::skips_threads_of_children()) return;
  const ThreadCount count(4);
  // As many parts as threads, each of which holds its thread: the caller and every worker have one.
  // One thread alone calls exit(), as POSIX demands.
  const auto loop_that_exits = [](bool on_caller) {
    const auto caller = std::this_thread::get_id();
    std::atomic<bool> exits = false;
    parallel_for(0, 4, 1, [&](std::int64_t, std::int64_t) {
      const bool is_the_one = (std::this_thread::get_id() == caller) == on_caller;
      if (is_the_one && !exits.exchange(true)) std::exit(5);
      while (true) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
    return 0;
  };
  for (const bool on_caller : {true, false}) {
    CAPTURE(on_caller);
    CHECK(in_child([&] {
            static const ComputesAtTheEnd computes;
            static Tensor kept = with_graph(5);
            return loop_that_exits(on_caller);
          }) == 5);
  }
  // In a hook.
  CHECK(in_child([] {
          static Tensor w = Tensor::ones({300, 300}, {.requires_grad = true});
          static Tensor loss = sum(matmul(w, w));
          w.register_hook([](const Tensor&) -> Tensor { std::exit(5); });
          loss.backward();
          return 0;
        }) == 5);
  // From another thread, while this one computes.
  CHECK(in_child([] {
          static const ComputesAtTheEnd computes;
          std::thread([] {
            std::this_thread::sleep_for(std::chrono::milliseconds(30));
            std::exit(5);
          }).detach();
          while (product() == 0) {
          }
          return 7;
        }) == 5);
}

TEST_CASE("core.process.children_compute") {
  if (test::skips_threads_of_children()) return;
  for (const int threads : {1, 2, 16}) {
    CAPTURE(threads);
    const ThreadCount count(threads);
    REQUIRE(product() == 0);
    CHECK(in_child(product) == 0);
    CHECK(in_child([&] {
            if (num_threads() != threads) return 6;
            for (const int other : {1, 3, 2}) {
              set_num_threads(other);
              if (num_threads() != other || product() != 0) return 7;
            }
            // A child of the child.
            return in_child(product);
          }) == 0);
    CHECK(in_child([] {
            static Training training;
            return product();
          }) == 0);
  }
}

TEST_CASE("core.process.children_of_a_process_whose_threads_compute") {
  if (test::skips_threads_of_children()) return;
  const ThreadCount count(3);
  std::atomic<bool> done = false;
  std::atomic<int> alive = 2;
  const auto keep_computing = [&] {
    while (!done) {
      product();
      uniform({100}, 0, 1, default_generator());
    }
    --alive;
  };
  // Detached: in a child, the thread sanitizer refuses threads that look like joinable ones of the
  // parent.
  for (int i = 0; i < 2; ++i) std::thread(keep_computing).detach();
  for (int i = 0; i < 10; ++i) {
    CHECK(in_child([&] {
            uniform({100}, 0, 1, default_generator());
            set_num_threads(2 + i % 2);
            const int code = product();
            // What the other threads had in hand has no owner here, of which a sanitizer would
            // tell.
            if (test::is_sanitized()) std::_Exit(code);
            return code;
          }) == 0);
  }
  done = true;
  while (alive > 0) std::this_thread::yield();
}

TEST_CASE("core.process.a_fork_inside_a_loop_says_so") {
  if (test::skips_threads_of_children()) return;
  const ThreadCount count(3);
  std::atomic<int> code = -1;
  const auto caller = std::this_thread::get_id();
  // The workers hold a part each until the caller, which gets the last one, has forked.
  const auto wait_until = [](const auto& condition) {
    while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  parallel_for(0, 3, 1, [&](std::int64_t, std::int64_t) {
    if (std::this_thread::get_id() != caller) {
      wait_until([&] { return code != -1; });
      return;
    }
    code = in_child([&] {
      std::string message;
      try {
        parallel_for(0, 300, 1, [](std::int64_t, std::int64_t) {});
      } catch (const Error&) {
        return 6;
      }
      return product();
    });
  });
  // Inside of the loop the child computes alone.
  CHECK(code == 0);

  // Out of it, there is nobody who could finish it.
  const unsigned forks = fork_count();
  int status = -1;
  try {
    std::atomic<bool> forked = false;
    parallel_for(0, 3, 1, [&](std::int64_t, std::int64_t) {
      if (std::this_thread::get_id() != caller) {
        wait_until([&] { return forked.load(); });
      } else if (!forked) {
        status = test::fork_and_wait(30);
        forked = true;
      }
    });
  } catch (const Error& error) {
    if (fork_count() == forks) throw;
    const bool said = std::string(error.what()).find("forked inside") != std::string::npos;
    std::_Exit(said && product() == 0 ? 0 : 9);
  }
  if (fork_count() != forks) std::_Exit(8);
  CHECK(status == 0);
}

TEST_CASE("core.process.threads_that_cannot_be_started") {
  if (!test::can_limit_memory()) {
    MESSAGE("skipped: sanitizers need the address space, and emulators set no limit to it");
    return;
  }
  const ThreadCount count(2);
  REQUIRE(product() == 0);
  // Asked for: an error, and all is as it was.
  CHECK(in_child([] {
          test::limit_more_memory(std::size_t{256} << 20);
          std::string message;
          try {
            set_num_threads(1024);
          } catch (const Error& error) {
            message = error.what();
          }
          if (!message.starts_with("[set_num_threads] the system starts no more than ")) return 5;
          return num_threads() == 2 ? product() : 6;
        }) == 0);
  // Found out by a loop: fewer, and num_threads() tells. Inside of a loop no thread is started.
  CHECK(in_child([] {
          test::limit_more_memory(std::size_t{256} << 20);
          parallel_for(0, 2, 1, [](std::int64_t, std::int64_t) { set_num_threads(1024); });
          if (num_threads() != 1024) return 5;
          if (product() != 0) return 7;
          return num_threads() < 1024 ? product() : 6;
        }) == 0);
}

}  // namespace
}  // namespace plastic

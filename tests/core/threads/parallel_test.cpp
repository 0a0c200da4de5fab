#include "core/threads/parallel.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "plastic/core/device.h"
#include "plastic/core/error.h"
#include "tests/support/thread_count.h"

namespace plastic {
namespace {

using test::ThreadCount;

TEST_CASE("core.parallel.covers_every_element_once") {
  for (const int threads : {1, 2, 5}) {
    const ThreadCount count(threads);
    std::vector<std::atomic<int>> visits(1003);
    parallel_for(3, 1003, 10, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) ++visits[static_cast<std::size_t>(i)];
    });
    for (std::size_t i = 0; i < visits.size(); ++i) CHECK(visits[i] == (i < 3 ? 0 : 1));
  }
}

TEST_CASE("core.parallel.small_loops_stay_on_the_caller") {
  const ThreadCount count(4);
  const auto caller = std::this_thread::get_id();
  parallel_for(0, 10, 100, [&](std::int64_t first, std::int64_t last) {
    CHECK(std::this_thread::get_id() == caller);
    CHECK(last - first == 10);
  });
  parallel_for(5, 5, 1, [](std::int64_t, std::int64_t) { FAIL("an empty range has no body"); });
}

TEST_CASE("core.parallel.nested_calls_run") {
  const ThreadCount count(3);
  std::atomic<int> total = 0;
  parallel_for(0, 6, 1, [&](std::int64_t first, std::int64_t last) {
    parallel_for(first * 10, last * 10, 1, [&](std::int64_t begin, std::int64_t end) {
      total += static_cast<int>(end - begin);
    });
  });
  CHECK(total == 60);
}

TEST_CASE("core.parallel.exceptions_reach_the_caller") {
  const ThreadCount count(3);
  const auto failing = [](std::int64_t first, std::int64_t) {
    throw std::runtime_error("from " + std::to_string(first));
  };
  CHECK_THROWS_WITH_AS(parallel_for(0, 300, 1, failing), "from 0", std::runtime_error);
  std::atomic<int> total = 0;
  parallel_for(0, 300, 1,
               [&](std::int64_t a, std::int64_t b) { total += static_cast<int>(b - a); });
  CHECK(total == 300);
}

TEST_CASE("core.parallel.callers_on_several_threads") {
  const ThreadCount count(2);
  std::atomic<std::int64_t> total = 0;
  const auto work = [&] {
    for (int i = 0; i < 200; ++i) {
      parallel_for(0, 1000, 1, [&](std::int64_t a, std::int64_t b) { total += b - a; });
    }
  };
  std::thread other(work);
  work();
  other.join();
  CHECK(total == 400000);
}

TEST_CASE("core.parallel.thread_count_is_checked") {
  CHECK_THROWS_WITH_AS(set_num_threads(0), "[set_num_threads] need 1 to 1024 threads, got 0",
                       Error);
}

TEST_CASE("core.device.parsing") {
  CHECK(parse_device("cpu") == Device{});
  CHECK(parse_device("cuda:3") == Device{DeviceType::cuda, 3});
  CHECK(to_string(parse_device("cuda")) == "cuda:0");
  for (const char* text : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x"}) {
    CHECK_THROWS_WITH_AS(parse_device(text), doctest::Contains("use cpu, cuda or cuda:N"), Error);
  }
  CHECK(available_devices().front() == Device{});
  CHECK(cuda_unavailable_reason().empty() == (available_devices().size() > 1));
}

}  // namespace
}  // namespace plastic

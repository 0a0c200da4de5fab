#include "apps/study/workers.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <new>
#include <stdexcept>
#include <string>

#include "apps/training/interrupt.h"
#include "plastic/core/device.h"
#include "plastic/core/ops.h"
#include "tests/support/limits.h"
#include "tests/support/thread_count.h"

using namespace plastic::apps;
using plastic::test::ThreadCount;

namespace {

// The ends of all of them, by number.
std::map<std::size_t, WorkerEvent> ends_of(Workers& workers) {
  std::map<std::size_t, WorkerEvent> ends;
  while (!workers.is_idle()) {
    for (const WorkerEvent& event : workers.wait(1000)) {
      if (event.has_ended) ends[event.id] = event;
    }
  }
  return ends;
}

}  // namespace

TEST_CASE("apps.study.workers.give_back_what_was_computed") {
  const ThreadCount count(2);
  const plastic::Tensor shared = plastic::Tensor::ones({300, 300});
  Workers workers(3);
  for (const std::size_t id : {4, 5, 6}) {
    REQUIRE_FALSE(workers.is_full());
    workers.start(id, [&](WorkerObserver&) {
      const double sum = plastic::sum(plastic::matmul(shared, shared)).item();
      return std::to_string(id) + " " + std::to_string(plastic::num_threads()) + " " +
             std::to_string(sum);
    });
  }
  CHECK(workers.is_full());
  const auto ends = ends_of(workers);
  REQUIRE(ends.size() == 3);
  CHECK(ends.at(5).failure.empty());
  CHECK(ends.at(5).result == "5 1 27000000.000000");
}

TEST_CASE("apps.study.workers.large_results_arrive_whole") {
  Workers workers(1);
  const std::string text(3'000'000, 'x');
  workers.start(0, [&](WorkerObserver&) { return text; });
  CHECK(ends_of(workers).at(0).result == text);
}

TEST_CASE("apps.study.workers.whatever_becomes_of_one_the_others_follow") {
  Workers workers(8);
  workers.start(0, [](WorkerObserver&) -> std::string { throw std::runtime_error("no luck"); });
  workers.start(1, [](WorkerObserver&) -> std::string { throw std::bad_alloc(); });
  workers.start(2, [](WorkerObserver&) -> std::string {
    kill(getpid(), SIGKILL);
    return "";
  });
  workers.start(3, [](WorkerObserver&) -> std::string { _exit(7); });
  workers.start(4, [](WorkerObserver&) -> std::string { return "done"; });
  workers.start(5, [](WorkerObserver&) -> std::string {
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return "";
  });
  const auto ends = ends_of(workers);
  REQUIRE(ends.size() == 6);
  CHECK(ends.at(0).failure == "no luck");
  CHECK(ends.at(1).failure == "not enough memory");
  CHECK(ends.at(2).failure == "ended by signal 9 (Killed), as when the system has no more memory");
  CHECK(ends.at(3).failure == "ended with code 7 before its result was there");
  CHECK(ends.at(4).result == "done");
  CHECK(ends.at(5).failure.starts_with("ended by signal 11 ("));
}

TEST_CASE("apps.study.workers.memory_that_runs_out_is_a_message") {
  if (plastic::test::is_sanitized()) return;
  Workers workers(1);
  workers.start(0, [](WorkerObserver&) -> std::string {
    plastic::test::limit_more_memory(std::size_t{64} << 20);
    return std::to_string(plastic::Tensor::ones({1 << 14, 1 << 14}).size(0));
  });
  const std::string failure = ends_of(workers).at(0).failure;
  CAPTURE(failure);
  CHECK(failure.find("memory") != std::string::npos);
}

TEST_CASE("apps.study.workers.stop_kills_them") {
  Workers workers(2);
  for (const std::size_t id : {0, 1}) {
    workers.start(id, [](WorkerObserver&) -> std::string {
      // What a terminal sends on Ctrl-C is left to the parent.
      raise(SIGINT);
      while (true) pause();
    });
  }
  CHECK(workers.wait(50).empty());
  workers.stop();
  CHECK(workers.is_idle());
}

TEST_CASE("apps.study.workers.end_when_they_are_asked_to") {
  Workers workers(2);
  for (const std::size_t id : {0, 1}) {
    workers.start(id, [](WorkerObserver& observer) -> std::string {
      observer.on_step({.epoch = 1, .step = 1, .steps = 1});
      while (!interrupted()) usleep(1000);
      return "saved";
    });
  }
  // Once both have begun.
  for (std::size_t begun = 0; begun < 2;) begun += workers.wait(1000).size();
  workers.interrupt();
  const auto ends = ends_of(workers);
  REQUIRE(ends.size() == 2);
  CHECK(ends.at(0).result == "saved");
  CHECK(ends.at(1).result == "saved");
}

TEST_CASE("apps.study.workers.progress_is_told") {
  Workers workers(1);
  workers.start(0, [](WorkerObserver& observer) -> std::string {
    observer.on_step({.epoch = 2, .step = 3, .steps = 10});
    usleep(300'000);
    return "";
  });
  WorkerProgress progress;
  while (!workers.is_idle()) {
    for (const WorkerEvent& event : workers.wait(1000)) {
      if (!event.has_ended) progress = event.progress;
    }
  }
  CHECK(progress.epoch == 2);
  CHECK(progress.step == 3);
  CHECK(progress.steps == 10);
}

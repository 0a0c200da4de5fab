#include "apps/study/pools/rank_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "apps/training/interrupt.h"
#include "tests/support/thread_ranks.h"

using namespace plastic::apps;
using plastic::distributed::Communicator;
using plastic::test::ThreadRanks;

namespace {

constexpr std::size_t failing_run = 5;

// Runs that come forward once and then end, with a result that says where they were computed. Those
// that are endless are at work until stop().
class ToldPool : public StudyPool {
 public:
  ToldPool(int rank, int jobs, bool is_endless = false)
      : rank_(rank), jobs_(jobs), is_endless_(is_endless) {}

  bool is_full() const override { return std::ssize(running_) >= jobs_; }
  bool is_idle() const override { return running_.empty(); }
  void start(std::size_t run, std::optional<int> trial) override {
    max_running_ = std::max(max_running_, running_.size() + 1);
    running_[run] = trial;
  }
  std::vector<WorkerEvent> wait(int) override {
    std::vector<WorkerEvent> events;
    for (const auto& [run, trial] : running_) {
      events.push_back({.id = run, .progress = {.epoch = 1, .step = rank_, .steps = 10}});
      if (is_endless_) continue;
      WorkerEvent end{.id = run, .has_ended = true};
      if (run == failing_run) {
        end.failure = "no luck";
      } else {
        end.result = std::to_string(run) + " trial " + std::to_string(trial.value_or(-1));
      }
      events.push_back(end);
    }
    if (!is_endless_) running_.clear();
    return events;
  }
  void stop() override {
    has_stopped_ = true;
    running_.clear();
  }

  std::size_t max_running() const { return max_running_; }
  bool has_stopped() const { return has_stopped_; }

 private:
  int rank_;
  int jobs_;
  bool is_endless_;
  bool has_stopped_ = false;
  std::size_t max_running_ = 0;
  std::map<std::size_t, std::optional<int>> running_;
};

}  // namespace

TEST_CASE("apps.study.rank_pool.all_ranks_compute") {
  const std::vector<int> jobs = {1, 2, 3};
  constexpr std::size_t runs = 40;
  std::map<std::size_t, WorkerEvent> ends;
  std::map<std::int64_t, int> progress;
  bool is_once = true;
  bool is_full_with_all = false;
  std::vector<std::size_t> max_running(jobs.size());
  ThreadRanks(3).run([&](Communicator& among) {
    const auto rank = static_cast<std::size_t>(among.rank());
    ToldPool own(among.rank(), jobs[rank]);
    if (rank > 0) {
      serve_runs(own, among);
    } else {
      RankPool pool(own, jobs, among);
      std::size_t next = 0;
      while (next < 6) pool.start(next++, std::nullopt);
      is_full_with_all = pool.is_full();
      while (!pool.is_idle()) {
        for (WorkerEvent& event : pool.wait(100)) {
          if (!event.has_ended) {
            ++progress[event.progress.step];
          } else {
            is_once = ends.emplace(event.id, std::move(event)).second && is_once;
          }
        }
        while (next < runs && !pool.is_full()) {
          pool.start(next, static_cast<int>(next) * 10);
          ++next;
        }
      }
      pool.stop();
    }
    max_running[rank] = own.max_running();
  });
  CHECK(is_full_with_all);
  CHECK(is_once);
  REQUIRE(ends.size() == runs);
  CHECK(ends.at(3).result == "3 trial -1");
  CHECK(ends.at(7).result == "7 trial 70");
  CHECK(ends.at(failing_run).failure == "no luck");
  CHECK(progress.size() == 3);
  for (std::size_t rank = 0; rank < jobs.size(); ++rank) {
    CHECK(max_running[rank] == static_cast<std::size_t>(jobs[rank]));
  }
}

TEST_CASE("apps.study.rank_pool.stop_ends_the_runs_of_all_ranks") {
  std::vector<int> has_stopped(3);
  ThreadRanks(3).run([&](Communicator& among) {
    ToldPool own(among.rank(), 1, true);
    if (among.rank() > 0) {
      serve_runs(own, among);
    } else {
      RankPool pool(own, {1, 1, 1}, among);
      for (const std::size_t run : {0, 1, 2}) pool.start(run, std::nullopt);
      pool.wait(20);
      pool.stop();
    }
    has_stopped[static_cast<std::size_t>(among.rank())] = own.has_stopped() ? 1 : 0;
  });
  CHECK(has_stopped == std::vector<int>{1, 1, 1});
}

TEST_CASE("apps.study.rank_pool.a_rank_that_is_told_to_stop_stops_all") {
  bool has_thrown = false;
  ThreadRanks(2).run([&](Communicator& among) {
    if (among.rank() == 0) {
      ToldPool own(0, 1, true);
      RankPool pool(own, {1, 1}, among);
      pool.start(0, std::nullopt);
      try {
        while (true) pool.wait(20);
      } catch (const Interrupted&) {
        has_thrown = own.has_stopped();
      }
      return;
    }
    const auto tell = [&](RankReport::Kind kind) {
      const std::string message = message_of(RankReport{.kind = kind});
      among.send(std::as_bytes(std::span(message)), 0);
    };
    tell(RankReport::Kind::interrupted);
    std::vector<std::byte> bytes;
    for (int from = 0; !among.try_receive(bytes, from);) std::this_thread::yield();
    tell(RankReport::Kind::ended);
  });
  CHECK(has_thrown);
}

TEST_CASE("apps.study.rank_pool.alone_it_is_the_own_pool") {
  ToldPool own(0, 2);
  RankPool pool(own, {2}, plastic::distributed::alone());
  pool.start(0, 3);
  pool.start(1, 4);
  CHECK(pool.is_full());
  std::vector<std::string> results;
  for (const WorkerEvent& event : pool.wait(10)) {
    if (event.has_ended) results.push_back(event.result);
  }
  CHECK(results == std::vector<std::string>{"0 trial 3", "1 trial 4"});
  CHECK(pool.is_idle());
  pool.stop();
  CHECK(own.has_stopped());
}

#include "apps/study/pools/rank_pool.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "apps/training/interrupt.h"
#include "apps/training/stopwatch.h"

namespace plastic::apps {
namespace {

constexpr int first_rank = 0;

// How long a message may wait: messages between ranks wake nobody up.
constexpr int milliseconds_between_looks = 5;

void send_text(const std::string& text, int rank, distributed::Communicator& among) {
  among.send(std::as_bytes(std::span(text)), rank);
}

std::string_view text_in(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A pool without work may not wait.
std::vector<WorkerEvent> wait_for_own(StudyPool& own, int milliseconds) {
  if (!own.is_idle()) return own.wait(milliseconds);
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  return {};
}

}  // namespace

RankPool::RankPool(StudyPool& own, std::vector<int> jobs, distributed::Communicator& among)
    : own_(own), free_(std::move(jobs)), among_(among) {}

bool RankPool::is_full() const {
  return std::ranges::none_of(free_, [](int free) { return free > 0; });
}

void RankPool::send(const RankOrder& order, int rank) {
  send_text(message_of(order), rank, among_);
}

void RankPool::start(std::size_t run, std::optional<int> trial) {
  const auto most = std::ranges::max_element(free_);
  const int rank = static_cast<int>(most - free_.begin());
  if (rank == first_rank) {
    own_.start(run, trial);
  } else {
    send({.is_start = true, .run = run, .trial = trial}, rank);
  }
  --*most;
  places_[run] = rank;
}

std::optional<RankReport> RankPool::receive() {
  std::vector<std::byte> bytes;
  int from = -1;
  if (!among_.try_receive(bytes, from)) return std::nullopt;
  return read_report(text_in(bytes));
}

std::vector<WorkerEvent> RankPool::wait(int milliseconds) {
  if (is_told_to_stop_) {
    stop();
    throw Interrupted("interrupted");
  }
  const int slice =
      among_.size() == 1 ? milliseconds : std::min(milliseconds, milliseconds_between_looks);
  const Stopwatch stopwatch;
  while (true) {
    std::vector<WorkerEvent> events = wait_for_own(own_, slice);
    while (std::optional<RankReport> report = receive()) {
      if (report->kind == RankReport::Kind::event) events.push_back(std::move(report->event));
      if (report->kind == RankReport::Kind::interrupted) is_told_to_stop_ = true;
    }
    for (const WorkerEvent& event : events) {
      if (!event.has_ended) continue;
      const auto place = places_.find(event.id);
      ++free_[static_cast<std::size_t>(place->second)];
      places_.erase(place);
    }
    const bool is_over = is_told_to_stop_ || interrupted() || !events.empty();
    if (is_over || stopwatch.seconds() * 1000 >= milliseconds) return events;
  }
}

void RankPool::stop() {
  if (std::exchange(has_stopped_, true)) return;
  own_.stop();
  places_.clear();
  std::ranges::fill(free_, 0);
  for (int rank = 1; rank < among_.size(); ++rank) send({}, rank);
  // What else they have sent before is of no use.
  for (int left = among_.size() - 1; left > 0;) {
    const std::optional<RankReport> report = receive();
    if (report && report->kind == RankReport::Kind::ended) --left;
    if (!report) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void serve_runs(StudyPool& own, distributed::Communicator& among) {
  const auto tell = [&](const RankReport& report) {
    send_text(message_of(report), first_rank, among);
  };
  bool has_told = false;
  std::vector<std::byte> bytes;
  while (true) {
    if (interrupted() && !std::exchange(has_told, true)) {
      tell({.kind = RankReport::Kind::interrupted});
    }
    for (int from = first_rank; among.try_receive(bytes, from);) {
      const RankOrder order = read_order(text_in(bytes));
      if (!order.is_start) {
        own.stop();
        return tell({.kind = RankReport::Kind::ended});
      }
      own.start(order.run, order.trial);
    }
    for (WorkerEvent& event : wait_for_own(own, milliseconds_between_looks)) {
      tell({.event = std::move(event)});
    }
  }
}

}  // namespace plastic::apps

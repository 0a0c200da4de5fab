#include <algorithm>
#include <exception>
#include <iostream>
#include <new>
#include <utility>

#include "apps/study/workers.h"

namespace plastic::apps {

void WorkerObserver::on_step(const StepResult&) {}

Workers::Workers(int jobs) : max_jobs_(std::min(jobs, max_jobs)) {}

Workers::~Workers() = default;

void Workers::start(std::size_t id, const Work& work) {
  constexpr int nowhere = -1;
  // What it prints itself follows what is there.
  std::cout.flush();
  Child child{.id = id, .process = nowhere, .descriptor = nowhere, .received = {}, .result = {}};
  try {
    WorkerObserver observer(nowhere);
    child.result = work(observer);
  } catch (const std::bad_alloc&) {
    child.received = "not enough memory";
  } catch (const std::exception& error) {
    child.received = error.what();
  }
  children_.push_back(std::move(child));
}

std::vector<WorkerEvent> Workers::wait(int) {
  std::vector<WorkerEvent> events;
  for (Child& child : std::exchange(children_, {})) {
    events.push_back({.id = child.id,
                      .has_ended = true,
                      .result = std::move(child.result),
                      .failure = std::move(child.received)});
  }
  return events;
}

void Workers::interrupt() const {}

void Workers::stop() { children_.clear(); }

}  // namespace plastic::apps

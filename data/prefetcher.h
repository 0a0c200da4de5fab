#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "plastic/data/loader.h"

namespace plastic::data {

/// Prepares batches ahead on threads of its own and gives them in order. Destroying it waits for
/// the batches being prepared.
class Prefetcher {
 public:
  /// prepare(i), for each i in [first, end), runs once, on any of the threads: what it gives may
  /// depend on i alone. At most threads + 1 batches wait to be taken. Throws Error when the threads
  /// cannot be started.
  Prefetcher(int threads, std::int64_t first, std::int64_t end,
             std::function<Batch(std::int64_t)> prepare);

  /// The next batch; there must be one. Throws what preparing it threw, then again at each call.
  Batch take();

 private:
  struct Slot {
    std::optional<Batch> batch;
    std::exception_ptr error;
  };

  void work(const std::stop_token& stop);
  Slot& slot(std::int64_t index) { return slots_[static_cast<std::size_t>(index) % slots_.size()]; }

  std::function<Batch(std::int64_t)> prepare_;
  std::int64_t end_;
  std::mutex mutex_;
  std::condition_variable_any room_;
  std::condition_variable ready_;
  std::int64_t next_started_;
  std::int64_t next_taken_;
  std::vector<Slot> slots_;
  /// Last, so that they end before what they work with.
  std::vector<std::jthread> threads_;
};

}  // namespace plastic::data

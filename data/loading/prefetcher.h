#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "data/loading/batch_source.h"

namespace plastic::data {

/// Prepares batches ahead on its own threads and gives them in order. In the child of a fork(),
/// which has none of these threads, the first take() starts others.
class Prefetcher {
 public:
  /// prepare(i), for each i in [first, end), runs once, on any of the threads (again in the child
  /// of a fork): what it gives may depend on i alone. At most threads + 1 batches wait to be taken.
  /// Throws Error when the threads cannot be started.
  Prefetcher(int threads, std::int64_t first, std::int64_t end,
             std::function<TensorPair(std::int64_t)> prepare);
  /// Waits for the batches being prepared, except for one that the calling thread prepares: exit()
  /// may be called from there.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The next batch; there must be one. Throws what preparing it threw, then again at each call.
  TensorPair take();

 private:
  class Queue;

  void start(std::shared_ptr<Queue> queue);

  int threads_;
  std::int64_t next_;
  unsigned fork_count_ = 0;
  std::shared_ptr<Queue> queue_;
};

}  // namespace plastic::data

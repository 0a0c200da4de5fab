#include "data/loading/prefetcher.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/threads/fork.h"

namespace plastic::data {

/// What the threads share. They are detached and own it together with the Prefetcher, so that none
/// is ever left without it.
class Prefetcher::Queue {
 public:
  Queue(int threads, std::int64_t first, std::int64_t end,
        std::function<TensorPair(std::int64_t)> prepare)
      : prepare_(std::move(prepare)),
        end_(end),
        next_started_(first),
        next_taken_(first),
        slots_(static_cast<std::size_t>(threads) + 1) {}

  const std::function<TensorPair(std::int64_t)>& prepare() const { return prepare_; }
  std::int64_t end() const { return end_; }

  /// Throws std::system_error, or std::bad_alloc.
  static void start_thread(const std::shared_ptr<Queue>& queue) {
    std::thread([queue] { queue->work(); }).detach();
    const std::lock_guard lock(queue->mutex_);
    ++queue->started_;
  }

  void stop() {
    std::unique_lock lock(mutex_);
    is_stopping_ = true;
    room_.notify_all();
    if (working_for == this) return;
    ended_.wait(lock, [this] { return stopped_ == started_; });
    // Now, not when the last thread is gone.
    prepare_ = nullptr;
    slots_.clear();
  }

  TensorPair take() {
    std::unique_lock lock(mutex_);
    Slot& next = slot(next_taken_);
    ready_.wait(lock, [&] { return next.batch || next.error; });
    if (next.error) std::rethrow_exception(next.error);
    TensorPair batch = *std::exchange(next.batch, std::nullopt);
    ++next_taken_;
    room_.notify_all();
    return batch;
  }

 private:
  struct Slot {
    std::optional<TensorPair> batch;
    std::exception_ptr error;
  };

  void work() {
    working_for = this;
    std::unique_lock lock(mutex_);
    while (true) {
      room_.wait(lock, [this] {
        return is_stopping_ || next_started_ == end_ ||
               next_started_ < next_taken_ + std::ssize(slots_);
      });
      if (is_stopping_ || next_started_ == end_) break;
      const std::int64_t index = next_started_++;
      lock.unlock();
      Slot prepared;
      try {
        prepared.batch = prepare_(index);
      } catch (...) {
        prepared.error = std::current_exception();
      }
      lock.lock();
      slot(index) = std::move(prepared);
      ready_.notify_one();
    }
    ++stopped_;
    ended_.notify_all();
  }

  Slot& slot(std::int64_t index) { return slots_[static_cast<std::size_t>(index) % slots_.size()]; }

  static thread_local const Queue* working_for;

  std::function<TensorPair(std::int64_t)> prepare_;
  std::int64_t end_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable ready_;
  std::condition_variable ended_;
  bool is_stopping_ = false;
  int started_ = 0;
  int stopped_ = 0;
  std::int64_t next_started_;
  std::int64_t next_taken_;
  std::vector<Slot> slots_;
};

thread_local const Prefetcher::Queue* Prefetcher::Queue::working_for = nullptr;

Prefetcher::Prefetcher(int threads, std::int64_t first, std::int64_t end,
                       std::function<TensorPair(std::int64_t)> prepare)
    : threads_(threads), next_(first) {
  start(std::make_shared<Queue>(threads, first, end, std::move(prepare)));
}

Prefetcher::~Prefetcher() {
  if (fork_count_ == fork_count()) {
    queue_->stop();
  } else {
    // Its threads are in another process, and may have held its lock.
    keep_forever(std::move(queue_));
  }
}

void Prefetcher::start(std::shared_ptr<Queue> queue) {
  std::string reason;
  try {
    for (int i = 0; i < threads_; ++i) Queue::start_thread(queue);
    queue_ = std::move(queue);
    fork_count_ = fork_count();
    return;
  } catch (const std::system_error& error) {
    reason = error.what();
  } catch (const std::bad_alloc&) {
    reason = "out of memory";
  }
  queue->stop();
  fail("loader", "cannot start ", threads_, " prefetch threads: ", reason,
       "; give a smaller prefetch_threads");
}

TensorPair Prefetcher::take() {
  if (fork_count_ != fork_count()) {
    const std::shared_ptr<Queue> parents = queue_;
    start(std::make_shared<Queue>(threads_, next_, parents->end(), parents->prepare()));
    keep_forever(parents);
  }
  TensorPair batch = queue_->take();
  ++next_;
  return batch;
}

}  // namespace plastic::data

#include "core/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/check.h"
#include "plastic/core/device.h"

namespace plastic {
namespace {

// A training step issues hundreds of short loops with little between them: for that long a worker
// stays awake before it sleeps.
constexpr int spins_before_sleep = 4000;

thread_local bool inside_parallel_for = false;

void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// Waits until `value` no longer equals `old`, awake at first.
template <class T>
void wait_for_change(const std::atomic<T>& value, T old) {
  for (int i = 0; i < spins_before_sleep; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause_briefly();
  }
  value.wait(old, std::memory_order_acquire);
}

struct Job {
  const std::function<void(std::int64_t, std::int64_t)>* body = nullptr;
  std::int64_t begin = 0;
  std::int64_t count = 0;
  int parts = 0;

  void run(int part) const {
    const std::int64_t first = begin + count * part / parts;
    const std::int64_t last = begin + count * (part + 1) / parts;
    (*body)(first, last);
  }
};

class ThreadPool {
 public:
  explicit ThreadPool(int threads) {
    errors_.resize(static_cast<std::size_t>(threads));
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  }

  ~ThreadPool() {
    stopping_ = true;
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  /// Requires 2 <= job.parts <= number of threads, and one caller at a time. Parts are claimed one
  /// by one: where other programs hold the processors and a worker does not come, the caller does
  /// its part instead of waiting.
  void run(const Job& job) {
    job_ = job;
    next_part_.store(0, std::memory_order_relaxed);
    open_ = true;
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    claim_parts();
    // From here on no worker starts on this job: either it sees that the job is closed, or we see
    // that it is active. Both sides are sequentially consistent.
    open_ = false;
    for (int active = active_; active > 0; active = active_) wait_for_change(active_, active);
    rethrow_first();
  }

 private:
  void work() {
    inside_parallel_for = true;
    std::uint64_t seen = 0;
    while (true) {
      wait_for_change(round_, seen);
      seen = round_.load(std::memory_order_acquire);
      if (stopping_) return;
      ++active_;
      if (open_) claim_parts();
      if (--active_ == 0) active_.notify_one();
    }
  }

  void claim_parts() {
    for (int part = next_part_++; part < job_.parts; part = next_part_++) run_part(part);
  }

  void run_part(int part) {
    try {
      job_.run(part);
    } catch (...) {
      errors_[static_cast<std::size_t>(part)] = std::current_exception();
    }
  }

  void rethrow_first() {
    std::exception_ptr first;
    for (std::exception_ptr& error : errors_) {
      if (error && !first) first = error;
      error = nullptr;
    }
    if (first) std::rethrow_exception(first);
  }

  Job job_;
  std::vector<std::exception_ptr> errors_;
  std::atomic<std::uint64_t> round_{0};
  std::atomic<int> next_part_{0};
  /// Workers that may be running parts of the job.
  std::atomic<int> active_{0};
  std::atomic<bool> open_{false};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> workers_;
};

struct Threads {
  std::mutex busy;
  int count = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  /// Started by the first loop that needs it.
  std::unique_ptr<ThreadPool> pool;
};

Threads& threads() {
  static Threads instance;
  return instance;
}

class InsideGuard {
 public:
  InsideGuard() { inside_parallel_for = true; }
  ~InsideGuard() { inside_parallel_for = false; }
};

}  // namespace

int num_threads() { return threads().count; }

void set_num_threads(int count) {
  if (count < 1 || count > 1024) fail("set_num_threads", "need 1 to 1024 threads, got ", count);
  const std::lock_guard lock(threads().busy);
  if (count == threads().count) return;
  threads().pool.reset();
  threads().count = count;
}

void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain,
                  const std::function<void(std::int64_t, std::int64_t)>& body) {
  if (begin >= end) return;
  const std::int64_t most = (end - begin) / std::max<std::int64_t>(grain, 1);
  const int parts = static_cast<int>(std::min<std::int64_t>(num_threads(), most));
  if (parts < 2 || inside_parallel_for) return body(begin, end);
  // Another thread of the application is computing: this one does its work alone.
  std::unique_lock lock(threads().busy, std::try_to_lock);
  if (!lock) return body(begin, end);
  if (!threads().pool) threads().pool = std::make_unique<ThreadPool>(threads().count);
  const InsideGuard guard;
  threads().pool->run({&body, begin, end - begin, parts});
}

}  // namespace plastic

#include "core/threads/thread_pool.h"

#include <new>
#include <system_error>
#include <thread>

#include "core/check.h"
#include "core/threads/atomic_wait.h"
#include "core/threads/fork.h"

namespace plastic {
namespace {

// A training step issues hundreds of short loops with little between them: for that long a worker
// stays awake before it sleeps.
constexpr int spins_before_sleep = 4000;

thread_local bool inside_job = false;

class InsideGuard {
 public:
  InsideGuard() { inside_job = true; }
  ~InsideGuard() { inside_job = false; }
};

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
  while (value.load(std::memory_order_acquire) == old) wait_for(value, old);
}

}  // namespace

bool is_inside_job() { return inside_job; }

ThreadPool::ThreadPool(int wanted)
    : wanted_(wanted), fork_count_(fork_count()), errors_(static_cast<std::size_t>(wanted)) {}

ThreadPool* ThreadPool::start(int threads) {
  auto* pool = new ThreadPool(threads);
  pool->start_threads();
  return pool;
}

void ThreadPool::start_threads() {
  try {
    while (threads_ < wanted_) {
      // Counted before it runs, as it may end before the constructor returns.
      ++alive_;
      ++references_;
      std::thread([this] { work(); }).detach();
      ++threads_;
    }
  } catch (const std::system_error&) {
    --alive_;
    --references_;
  } catch (const std::bad_alloc&) {
    --alive_;
    --references_;
  }
}

void ThreadPool::stop(ThreadPool* pool) {
  if (pool == nullptr) return;
  pool->stopping_ = true;
  pool->round_.fetch_add(1, std::memory_order_release);
  notify_all(pool->round_);
  // Their stacks are free for those that start next.
  for (int alive = pool->alive_; alive > 0; alive = pool->alive_) wait_for(pool->alive_, alive);
  pool->release();
}

void ThreadPool::release() {
  if (--references_ == 0) delete this;
}

void ThreadPool::run(const Job& job) {
  const InsideGuard guard;
  job_ = job;
  mode_ = FloatMode::of_this_thread();
  next_part_.store(0, std::memory_order_relaxed);
  open_ = true;
  round_.fetch_add(1, std::memory_order_release);
  notify_all(round_);
  claim_parts();
  if (fork_count() != fork_count_) {
    fail("parallel_for",
         "this process was forked inside a parallel loop, whose other threads are "
         "not here to finish it; fork outside of operations");
  }
  // From here on no worker starts on this job: either it sees that the job is closed, or we see
  // that it is active. Both sides are sequentially consistent.
  open_ = false;
  for (int active = active_; active > 0; active = active_) wait_for_change(active_, active);
  rethrow_first();
}

void ThreadPool::work() {
  inside_job = true;
  std::uint64_t seen = 0;
  while (true) {
    wait_for_change(round_, seen);
    seen = round_.load(std::memory_order_acquire);
    if (stopping_) break;
    ++active_;
    if (open_) {
      mode_.apply();
      claim_parts();
    }
    // A child of a fork that a part called has this thread alone, which ends it.
    if (fork_count() != fork_count_) return;
    if (--active_ == 0) notify_one(active_);
  }
  --alive_;
  notify_one(alive_);
  release();
}

void ThreadPool::claim_parts() {
  for (int part = next_part_++; part < job_.parts; part = next_part_++) run_part(part);
}

void ThreadPool::run_part(int part) {
  try {
    job_.run(part);
  } catch (...) {
    errors_[static_cast<std::size_t>(part)] = std::current_exception();
  }
}

void ThreadPool::rethrow_first() {
  std::exception_ptr first;
  for (std::exception_ptr& error : errors_) {
    if (error && !first) first = error;
    error = nullptr;
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace plastic

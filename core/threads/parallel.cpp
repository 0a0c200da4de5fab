#include "core/threads/parallel.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <new>

#include "core/check.h"
#include "core/cpu/allocator.h"
#include "core/threads/fork.h"
#include "core/threads/processors.h"
#include "core/threads/thread_pool.h"
#include "plastic/core/device.h"

namespace plastic {
namespace {

constexpr int max_threads = 1024;

/// The process's threads and their number.
class Threads {
 public:
  /// Never destroyed: see ThreadPool.
  static Threads& instance() {
    alignas(Threads) static std::byte place[sizeof(Threads)];
    static auto& threads = *new (place) Threads;
    return threads;
  }

  int count() const { return count_.load(std::memory_order_relaxed); }

  /// Throws Error where not all can be started, if that can be seen now: while a loop runs the next
  /// one starts them.
  void set_count(int count) {
    int expected = count;
    const int before = count_.exchange(count);
    const Busy busy(*this);
    if (!busy || is_inside_job()) return;
    const int started = restart(count);
    if (started == count) return;
    stop();
    // Unless another thread has set it meanwhile.
    count_.compare_exchange_strong(expected, before);
    fail("set_num_threads", "the system starts no more than ", started, " of ", count,
         " threads; give ", std::max(1, started / 2),
         " or fewer, or allow this process more memory and threads (ulimit -v, ulimit -u)");
  }

  /// False when the caller has to do it alone: another thread of the application is computing, or
  /// no thread can be started.
  bool run(const Job& job) {
    const Busy busy(*this);
    if (!busy) return false;
    ThreadPool* pool = pool_.load(std::memory_order_relaxed);
    const int wanted = count();
    if (pool == nullptr || pool->threads() != wanted) {
      start_as_many_as_possible(wanted);
      pool = pool_;
    }
    if (pool == nullptr || job.parts > pool->wanted()) return false;
    pool->run(job);
    return true;
  }

 private:
  /// Whether this thread may use the pool. Nobody waits for it, so that none can wait for ever.
  class Busy {
   public:
    explicit Busy(Threads& threads)
        : threads_(threads), mine_(!threads.busy_.exchange(true, std::memory_order_acquire)) {}
    ~Busy() {
      if (mine_) threads_.busy_.store(false, std::memory_order_release);
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    explicit operator bool() const { return mine_; }

   private:
    Threads& threads_;
    bool mine_;
  };

  Threads() : count_(std::clamp(usable_processors(), 1, max_threads)) {
    after_fork_in_child([] { instance().enter_child(); });
  }

  void enter_child() {
    if (ThreadPool* pool = pool_.exchange(nullptr)) {
      pool->before_fork = from_parent_;
      from_parent_ = pool;
    }
    busy_ = false;
  }

  void stop() { ThreadPool::stop(pool_.exchange(nullptr)); }

  /// How many there are then.
  int restart(int count) {
    const int started = start(count);
    if (started == count) return count;
    // Stacks may fit where freed tensors were.
    cpu::shrink_cache(0);
    return start(count);
  }

  int start(int count) {
    stop();
    if (count == 1) return 1;
    try {
      pool_ = ThreadPool::start(count);
    } catch (const std::bad_alloc&) {
      return 1;
    }
    return pool_.load()->threads();
  }

  /// What could be started took the last memory or the last of a quota: half of it is given back.
  void start_as_many_as_possible(int wanted) {
    int count = wanted;
    for (int started = restart(count); started < count; started = restart(count)) {
      count = std::max(1, started / 2);
    }
    if (count == 1) stop();
    // Unless another thread has set it meanwhile.
    count_.compare_exchange_strong(wanted, count);
  }

  std::atomic<int> count_;
  std::atomic<bool> busy_{false};
  /// Started by the first loop that needs it or by set_count(); null for one thread.
  std::atomic<ThreadPool*> pool_{nullptr};
  ThreadPool* from_parent_ = nullptr;
};

// Made before main(): a fork while another thread made it would leave the child waiting for it.
[[maybe_unused]] const Threads& made_early = Threads::instance();

}  // namespace

int num_threads() { return Threads::instance().count(); }

void set_num_threads(int count) {
  if (count < 1 || count > max_threads) {
    fail("set_num_threads", "need 1 to ", max_threads, " threads, got ", count);
  }
  if (count != num_threads()) Threads::instance().set_count(count);
}

void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain, LoopBody body) {
  if (begin >= end) return;
  const std::int64_t max_parts = (end - begin) / std::max<std::int64_t>(grain, 1);
  const int parts = static_cast<int>(std::min<std::int64_t>(num_threads(), max_parts));
  if (parts < 2 || is_inside_job()) return body(begin, end);
  if (!Threads::instance().run({body, begin, end - begin, parts})) body(begin, end);
}

}  // namespace plastic

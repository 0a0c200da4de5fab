#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <vector>

#include "core/threads/float_mode.h"
#include "core/threads/parallel.h"

namespace plastic {

/// A loop to share out.
struct Job {
  LoopBody body;
  std::int64_t begin = 0;
  std::int64_t count = 0;
  int parts = 0;

  void run(int part) const {
    const std::int64_t first = begin + count * part / parts;
    const std::int64_t last = begin + count * (part + 1) / parts;
    body(first, last);
  }
};

/// Whether the calling thread runs a part of a job. Never destroyed, so that what is destroyed at
/// the end of a thread or of the process can ask.
bool is_inside_job();

/// Threads that wait for loops. They are detached, and a pool is a raw pointer that nothing
/// destroys by itself: exit() may be called by any thread, in the middle of a job too, and must
/// neither wait for threads nor take from under them what they use.
class ThreadPool {
 public:
  /// Starts `threads` - 1 threads, the caller of run() being one, or as many as the system lets it.
  /// Throws std::bad_alloc.
  static ThreadPool* start(int threads);
  /// Ends the threads and deletes the pool. Not while a job runs.
  static void stop(ThreadPool* pool);

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// As asked for, and as started; the caller of run() counts in both.
  int wanted() const { return wanted_; }
  int threads() const { return threads_; }

  /// Requires 2 <= job.parts <= wanted(), and one caller at a time. Parts are claimed one by one:
  /// where other programs hold the processors and a worker does not come, the caller does its part
  /// instead of waiting. Rethrows the first exception by position. Throws Error in the child of a
  /// fork() that the job called: what other threads were doing is lost there.
  void run(const Job& job);

  /// For the child of a fork, which has none of the threads: pools that were used before it, kept
  /// so that leak checkers find them.
  ThreadPool* before_fork = nullptr;

 private:
  explicit ThreadPool(int wanted);
  ~ThreadPool() = default;
  void start_threads();
  void work();
  void claim_parts();
  void run_part(int part);
  void rethrow_first();
  void release();

  const int wanted_;
  int threads_ = 1;
  const unsigned fork_count_;
  Job job_;
  /// The caller's, with which all threads compute the job.
  FloatMode mode_;
  std::vector<std::exception_ptr> errors_;
  std::atomic<std::uint64_t> round_{0};
  std::atomic<int> next_part_{0};
  /// Workers that may be running parts of the job.
  std::atomic<int> active_{0};
  std::atomic<bool> open_{false};
  std::atomic<bool> stopping_{false};
  /// Workers that have not ended.
  std::atomic<int> alive_{0};
  /// Workers that may still touch this object, and its owner.
  std::atomic<int> references_{1};
};

}  // namespace plastic

#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "distributed/processor_hand_over.h"

namespace plastic::distributed {

/// Runs several functions by turns on threads of their own, one at a time and always in the same
/// order: each runs until it meets the others or ends. So what they compute is as deterministic as
/// one after the other, and each has all threads of the CPU device to itself.
class Lockstep {
 public:
  /// What happens around the turns, on the thread that has it.
  struct Turns {
    std::function<void(int index)> enter;
    std::function<void(int index)> leave;
  };

  Lockstep() = default;
  /// No run is under way.
  ~Lockstep();
  Lockstep(const Lockstep&) = delete;
  Lockstep& operator=(const Lockstep&) = delete;

  /// Calls body(i) for 0 <= i < count. Rethrows the first error; the others' bodies are then left
  /// by an exception from meet().
  void run(int count, const Turns& turns, const std::function<void(int index)>& body);
  /// To be called by each body, as often as by the others: returns when all have called, after the
  /// last one has called `together`. Throws Error where another body has ended instead.
  void meet(int index, const std::function<void()>& together);

 private:
  struct Left {};

  struct Waiting;

  void work(int index, Waiting& own);
  void run_one(int index);
  /// Wakes thread `index`, or, where that is -1, the one that called run().
  void give_turn(int index);
  /// Waits for the turn of thread `index`, which `own` is of.
  void await_turn(int index, Waiting& own);
  /// The next one by turns that has not ended; -1 where all have.
  int next_after(int index) const;
  void check_none_ended(int index) const;
  void start_threads(int count);

  /// A thread, and what it waits for.
  struct Waiting {
    std::condition_variable has_turn;
    ProcessorHandOver::Thread thread = {};
  };

  std::mutex mutex_;
  std::vector<std::thread> threads_;
  /// One for each of threads_, and one for the thread that called run().
  std::deque<Waiting> waiting_;
  Waiting caller_;
  ProcessorHandOver processor_;
  bool is_stopping_ = false;

  // The run under way.
  const Turns* turns_ = nullptr;
  const std::function<void(int)>* body_ = nullptr;
  int count_ = 0;
  /// Whose turn it is; -1: that of the one that called run(), and between two runs.
  int turn_ = -1;
  int met_ = 0;
  int ended_ = 0;
  std::vector<bool> has_ended_;
  std::exception_ptr error_;
};

}  // namespace plastic::distributed

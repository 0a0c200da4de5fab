#pragma once

#include <memory>
#include <mutex>

namespace plastic {

/// How many fork()s lie between this process and the one that loaded the library. Threads that were
/// started under another count are not in this process.
unsigned fork_count();

/// A mutex that the child of a fork() finds unlocked and what it guards whole, whichever thread
/// forked and whoever held it: a fork waits for it. For objects that are never destroyed, and for
/// code that takes no other such mutex and calls no user's function while it holds one.
class ForkSafeMutex {
 public:
  ForkSafeMutex();
  ForkSafeMutex(const ForkSafeMutex&) = delete;
  ForkSafeMutex& operator=(const ForkSafeMutex&) = delete;

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  friend class ForkHandlers;

  std::mutex mutex_;
  ForkSafeMutex* next_ = nullptr;
};

/// Calls `handler` in the child of every fork() from now on, before fork() returns there. It may
/// not allocate memory, since another thread may have held any lock of the process.
void after_fork_in_child(void (*handler)());

/// Never destroys what the threads of a parent process may have been using when this process was
/// forked.
void keep_forever(std::shared_ptr<void> object);

}  // namespace plastic

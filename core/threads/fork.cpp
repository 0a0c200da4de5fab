#include "core/threads/fork.h"

#include <atomic>
#include <utility>
#include <vector>

// Windows has no fork(), but some of its compilers have this header.
#if __has_include(<pthread.h>) && !defined(_WIN32)
#define PLASTIC_FORKS 1
#include <pthread.h>
#endif

namespace plastic {
namespace {

constinit std::atomic<unsigned> forks{0};

}  // namespace

/// What is to be done around a fork().
class ForkHandlers {
 public:
  /// Never destroyed: a fork may come after main().
  static ForkHandlers& instance() {
    static auto& handlers = *new ForkHandlers;
    return handlers;
  }

  void add(ForkSafeMutex* mutex) {
    const std::lock_guard lock(registering_);
    mutex->next_ = std::exchange(mutexes_, mutex);
  }
  void add(void (*handler)()) {
    const std::lock_guard lock(registering_);
    in_child_.push_back(handler);
  }

 private:
  ForkHandlers() {
#ifdef PLASTIC_FORKS
    pthread_atfork([] { instance().lock_all(); }, [] { instance().unlock_all(); },
                   [] { instance().enter_child(); });
#endif
  }

  void lock_all() {
    registering_.lock();
    for (ForkSafeMutex* m = mutexes_; m != nullptr; m = m->next_) m->lock();
  }
  void unlock_all() {
    for (ForkSafeMutex* m = mutexes_; m != nullptr; m = m->next_) m->unlock();
    registering_.unlock();
  }
  void enter_child() {
    forks.fetch_add(1, std::memory_order_relaxed);
    for (void (*handler)() : in_child_) handler();
    unlock_all();
  }

  /// Guards the rest, and is held from before a fork until after it.
  std::mutex registering_;
  ForkSafeMutex* mutexes_ = nullptr;
  std::vector<void (*)()> in_child_;
};

unsigned fork_count() { return forks.load(std::memory_order_relaxed); }

ForkSafeMutex::ForkSafeMutex() { ForkHandlers::instance().add(this); }

void after_fork_in_child(void (*handler)()) { ForkHandlers::instance().add(handler); }

void keep_forever(std::shared_ptr<void> object) {
  struct Kept {
    std::shared_ptr<void> object;
    Kept* next;
  };
  // Reachable, so that leak checkers stay quiet.
  static std::atomic<Kept*> kept{nullptr};
  auto* entry = new Kept{std::move(object), kept.load()};
  while (!kept.compare_exchange_weak(entry->next, entry)) {
  }
}

}  // namespace plastic

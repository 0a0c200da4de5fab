#pragma once

#include <atomic>

namespace plastic {

/// The object at `place`, which is made by `make` when it is first asked for and never destroyed,
/// so that threads that run when the process ends may use it. Threads that ask first at the same
/// time may make one each, and get the same. No thread waits for another, as for a local static: a
/// child of a fork() would for ever, where the other thread is not.
template <class T, class Make>
const T& made_once(std::atomic<const T*>& place, Make make) {
  const T* made = place.load(std::memory_order_acquire);
  if (made != nullptr) return *made;
  const T* mine = new T(make());
  if (place.compare_exchange_strong(made, mine, std::memory_order_acq_rel)) return *mine;
  delete mine;
  return *made;
}

}  // namespace plastic

#pragma once

#include <atomic>

#ifdef _WIN32
#include <windows.h>
#endif

namespace plastic {

// What atomics have since C++20. For Windows, g++'s library before version 13 reads the value
// before it locks what a notification takes, and so sleeps through some of them.

/// May return although `value` still equals `old`.
template <class T>
void wait_for(const std::atomic<T>& value, T old) {
#ifdef _WIN32
  static_assert(sizeof(std::atomic<T>) == sizeof(T));
  auto* const address = const_cast<std::atomic<T>*>(&value);
  WaitOnAddress(address, &old, sizeof(T), INFINITE);
#else
  value.wait(old, std::memory_order_acquire);
#endif
}

template <class T>
void notify_one(std::atomic<T>& value) {
#ifdef _WIN32
  WakeByAddressSingle(&value);
#else
  value.notify_one();
#endif
}

template <class T>
void notify_all(std::atomic<T>& value) {
#ifdef _WIN32
  WakeByAddressAll(&value);
#else
  value.notify_all();
#endif
}

}  // namespace plastic
